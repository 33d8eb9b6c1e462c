//! From the orders table's stream to events on the bus.
