//! The offers of one order.
