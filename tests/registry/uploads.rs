//! Uploads to registries that keep what came before the connection broke, as the specification has it and as ECR does it.

use crate::kit::double::{Double, Ways};
use crate::kit::images::Layout;
use crate::kit::server::Server;
use crate::kit::{copied, repository};

const LARGE: u64 = 33 << 20;

/// What a manifest and a configuration are at most.
const SMALL: usize = 2000;

async fn interrupted(ways: Ways, cuts: &[usize], forgets: Option<usize>) -> (Double, usize) {
    let server = Server::start();
    let layout = Layout::new();
    let image = layout.push(&layout.image("amd64", &[layout.layer(LARGE)]), &server.host(), "web", "v1");
    let double = Double::start(ways, cuts, forgets).await;
    copied(&repository(&server.host(), "web"), &repository(&double.host(), "web"), &image).await.unwrap();
    let too_many = double.arrived() - usize::try_from(LARGE).unwrap();
    (double, too_many)
}

#[tokio::test(flavor = "multi_thread")]
async fn go_on_in_the_middle_of_a_piece() {
    let cuts = [1_000_000, 15_000_000, 17_000_000, 32_000_000];
    let (double, too_many) = interrupted(Ways::Specification, &cuts, None).await;
    assert_eq!(double.begun(), 2, "the layer and the configuration, each once");
    assert!(too_many < SMALL, "{too_many} bytes were sent twice");
}

/// ECR does not say where it is when it is asked, but when it is told the wrong place.
#[tokio::test(flavor = "multi_thread")]
async fn go_on_at_ecr() {
    let (double, too_many) = interrupted(Ways::Ecr, &[15_000_000, 27_000_000], None).await;
    assert_eq!(double.begun(), 2);
    assert!(too_many < SMALL, "{too_many} bytes were sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_trouble_nothing_is_sent_twice_to_ecr() {
    let (double, too_many) = interrupted(Ways::Ecr, &[], None).await;
    assert_eq!((double.begun(), too_many < SMALL), (2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn begin_anew_when_they_are_forgotten() {
    for ways in [Ways::Specification, Ways::Ecr] {
        let (double, too_many) = interrupted(ways, &[], Some(15_000_000)).await;
        assert_eq!(double.begun(), 3, "{ways:?}");
        assert!(too_many < 15_000_000 + 70_000 + SMALL, "{ways:?}: {too_many} bytes were sent twice");
    }
}
