//! The tables: keys, items, and one file a table.
