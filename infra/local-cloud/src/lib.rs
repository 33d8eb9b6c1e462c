//! Queues, schedules, a bus and temporary keys that speak AWS's protocols on one machine.
