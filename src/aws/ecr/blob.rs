//! Small blobs of a repository. ECR's API does not hand them out, only addresses to fetch them from.

use std::sync::LazyLock;
use std::time::Duration;

use super::super::error::{AwsError, Call, IfThere};
use super::image::Images;
use crate::values::name::fingerprint;

/// Far more than any configuration has, in bytes.
const LIMIT: usize = 1 << 20;

/// How long it may take. Nothing hangs on it that could not do without.
const PATIENCE: Duration = Duration::from_secs(10);

/// One client: reading the machine's certificates takes a while. It keeps no connections, since each address is another.
static HTTP: LazyLock<Option<reqwest::Client>> =
    LazyLock::new(|| reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0).build().ok());

/// The bytes of a blob; none where it cannot be fetched, is larger than [`LIMIT`], or is not what its digest says.
///
/// # Errors
/// As AWS answers where it is asked for the address.
pub(super) async fn blob(images: &Images<'_>, digest: &str) -> Result<Option<Vec<u8>>, AwsError> {
    let get = images.aws.ecr.get_download_url_for_layer().repository_name(images.repository_name).layer_digest(digest);
    let answer = get.set_registry_id(images.registry_id.map(str::to_owned)).send().await;
    let Some(answer) = answer.call("ecr:GetDownloadUrlForLayer").if_there()? else { return Ok(None) };
    let Some(url) = answer.download_url() else { return Ok(None) };
    let bytes = fetch(url).await.unwrap_or_default();
    Ok(bytes.filter(|bytes| format!("sha256:{}", fingerprint(bytes)) == digest))
}

async fn fetch(url: &str) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let Some(http) = &*HTTP else { return Ok(None) };
    let mut answer = http.get(url).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > LIMIT {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}
