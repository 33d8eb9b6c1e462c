//! Agencies and their stores.
