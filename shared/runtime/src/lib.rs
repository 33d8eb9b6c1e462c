//! What every function needs around its own work: environment, HTTP, principals, problems, telemetry.
