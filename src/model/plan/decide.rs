//! From what is asked and what is there to what will be done.
