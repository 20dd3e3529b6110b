//! Blobs in pieces, and how many of them are in memory at once.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The length of all pieces of a blob but the last. ECR stores layers in parts of 5 to 10 MiB (its quotas "Minimum layer part size" and
/// "Maximum layer part size"), so its largest saves the most requests.
pub(super) const PIECE: u64 = 10 * 1024 * 1024;

/// Pieces in memory, of all blobs that are under way together.
const PIECES: usize = 5;

/// What may be held in memory. A piece that is waited for needs no other one to be filled and sent, so nobody waits for ever.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PIECES)))
    }

    /// Room for the next piece of a blob, as soon as there is some.
    pub(super) async fn piece(&self, left: u64) -> Filling {
        let room = self.0.clone().acquire_owned().await.expect("the semaphore is never closed");
        let length = usize::try_from(left.min(PIECE)).expect("a piece is shorter than memory");
        Filling { bytes: BytesMut::with_capacity(length), length, room }
    }
}

/// A piece that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    bytes: BytesMut,
    length: usize,
    room: OwnedSemaphorePermit,
}

impl Filling {
    /// Takes as much of what has arrived as there is room for.
    pub(super) fn take(&mut self, arrived: &mut Bytes) -> Bytes {
        let taken = arrived.split_to(arrived.len().min(self.length - self.bytes.len()));
        self.bytes.extend_from_slice(&taken);
        taken
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == self.length
    }

    pub(super) fn done(self) -> Piece {
        Piece { bytes: self.bytes.freeze(), _room: self.room }
    }
}

/// A piece of a blob. Its room is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    _room: OwnedSemaphorePermit,
}
