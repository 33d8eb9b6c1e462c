//! The whole platform on one machine.
//!
//! [`template`] reads `infra/template.yaml`, the one description of the platform.

pub mod template;
