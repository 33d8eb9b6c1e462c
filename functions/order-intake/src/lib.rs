//! The customer's side of an order.
