//! What is kept, behind the store port.
