//! What scanning found in one image.
//!
//! `DescribeImages` has a summary too, but the present form of basic scanning and enhanced scanning leave it out
//! (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>), so the findings are read.

use std::collections::BTreeMap;

use aws_sdk_ecr::types::{
    EnhancedImageScanFinding, FindingSeverity, ImageIdentifier, ImageScanFinding, ImageScanFindings, PackageVulnerabilityDetails,
    VulnerablePackage,
};

use super::super::error::{AwsError, Call, IfThere};
use super::image::Images;
use crate::promote::{Finding, Scan};

/// As many findings a page as ECR gives.
const PAGE: i32 = 1_000;

/// What Amazon Inspector says where nobody has fixed a package yet.
const NOT_FIXED: &str = "NotAvailable";

/// What scanning found in an image that is no index; none where it has not been scanned, as it is for some seconds after a push.
pub(super) async fn scan(images: &Images<'_>, digest: &str) -> Result<Option<Scan>, AwsError> {
    let id = ImageIdentifier::builder().image_digest(digest).build();
    let describe = images.aws.ecr.describe_image_scan_findings().repository_name(images.repository_name).image_id(id);
    let mut pages = describe.set_registry_id(images.registry_id.map(str::to_owned)).into_paginator().page_size(PAGE).send();
    let mut scan: Option<Scan> = None;
    let mut known = false;
    while let Some(page) = pages.next().await {
        let Some(page) = page.call("ecr:DescribeImageScanFindings").if_there()? else { return Ok(None) };
        let found = page.image_scan_findings();
        known |= found.is_some_and(is_result);
        if let Some(scan) = &mut scan {
            scan.findings.extend(found.into_iter().flat_map(findings));
            continue;
        }
        let Some(status) = page.image_scan_status() else { return Ok(None) };
        scan = Some(Scan {
            status: status.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            description: status.description().map(str::to_owned),
            counts: found.and_then(ImageScanFindings::finding_severity_counts).map(counts).unwrap_or_default(),
            findings: found.into_iter().flat_map(findings).collect(),
        });
    }
    Ok(scan.map(|scan| finish(scan, known)))
}

/// Puts right what AWS says of a scan that has finished.
fn finish(mut scan: Scan, known: bool) -> Scan {
    // Enhanced scanning says so some seconds before it has any result: <https://github.com/aws/aws-sdk/issues/289>.
    if scan.is_finished() && !known {
        return Scan::unavailable(format!("Amazon ECR says {}, and has no results yet", scan.status));
    }
    // What is listed is there, whatever the counts say.
    let mut listed: BTreeMap<String, u32> = BTreeMap::new();
    for finding in &scan.findings {
        *listed.entry(finding.severity.clone()).or_default() += 1;
    }
    for (severity, number) in listed {
        let count = scan.counts.entry(severity).or_default();
        *count = number.max(*count);
    }
    scan.keep_worst()
}

/// Whether something came of the scan, if only that there is nothing to find.
fn is_result(found: &ImageScanFindings) -> bool {
    found.image_scan_completed_at().is_some() || found.finding_severity_counts().is_some() || findings(found).next().is_some()
}

fn counts(counts: &std::collections::HashMap<FindingSeverity, i32>) -> BTreeMap<String, u32> {
    counts.iter().map(|(severity, count)| (severity.as_str().to_owned(), u32::try_from(*count).unwrap_or_default())).collect()
}

fn findings(found: &ImageScanFindings) -> impl Iterator<Item = Finding> + '_ {
    found.findings().iter().map(basic).chain(found.enhanced_findings().iter().map(enhanced))
}

fn basic(finding: &ImageScanFinding) -> Finding {
    let attribute = |key: &str| {
        let found = finding.attributes().iter().find(|attribute| attribute.key() == key);
        found.and_then(|attribute| attribute.value()).map(str::to_owned)
    };
    Finding {
        name: finding.name().unwrap_or_default().to_owned(),
        severity: finding.severity().map(|severity| severity.as_str().to_owned()).unwrap_or_default(),
        package: attribute("package_name"),
        version: attribute("package_version"),
        // Basic scanning knows none.
        fixed_in: None,
    }
}

fn enhanced(finding: &EnhancedImageScanFinding) -> Finding {
    let details = finding.package_vulnerability_details();
    // Packages built from one source come together; the one that can be fixed says the most.
    let packages = details.map(PackageVulnerabilityDetails::vulnerable_packages).unwrap_or_default();
    let fix = |package: &&VulnerablePackage| package.fixed_in_version().is_some_and(|fix| fix != NOT_FIXED);
    let package = packages.iter().find(fix).or_else(|| packages.first());
    let name = details.and_then(|details| details.vulnerability_id()).or_else(|| finding.title());
    Finding {
        name: name.unwrap_or_default().to_owned(),
        severity: finding.severity().unwrap_or_default().to_owned(),
        package: package.and_then(|package| package.name()).map(str::to_owned),
        version: package.and_then(|package| package.version()).map(str::to_owned),
        fixed_in: package.filter(fix).and_then(|package| package.fixed_in_version()).map(str::to_owned),
    }
}
