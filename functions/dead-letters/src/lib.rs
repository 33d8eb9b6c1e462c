//! Dead letters of timers and fan-out, tried again with growing delay.
