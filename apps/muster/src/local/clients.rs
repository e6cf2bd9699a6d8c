//! The configuration with which AWS SDK clients reach the emulator.

use super::state::{REGION, ROOT_KEY};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, RequestChecksumCalculation, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;

/// Everything is given here, so that nothing of the person's own AWS configuration is read.
pub fn configuration(gateway: &str) -> SdkConfig {
    let root = Credentials::new(ROOT_KEY, ROOT_KEY, None, None, "local stack");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(gateway)
        .credentials_provider(SharedCredentialsProvider::new(root))
        // Over a loopback connection a checksum of each binary protects nothing, and takes seconds in a debug build.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .http_client(Builder::new().build_http())
        .build()
}
