//! The authority: approvals and suspensions.
