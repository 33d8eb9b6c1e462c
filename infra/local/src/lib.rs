//! The whole platform on one machine.
//!
//! [`template`] reads `infra/template.yaml`, the one description of the platform.

pub mod activity;
pub mod data_dir;
pub mod demo_city;
pub mod dynamo;
pub mod front_door;
pub mod gateway;
pub mod invoker;
pub mod keys;
pub mod sdk;
pub mod template;
pub mod wechat;
pub mod wire;

/// The partition of a region.
pub(crate) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else {
        "aws"
    }
}
