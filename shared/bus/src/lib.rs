//! Messages between functions, timers, and events.
