//! x
mod diagram;
mod scan;
