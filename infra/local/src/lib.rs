//! The whole platform on one machine, built from infra/template.yaml.
