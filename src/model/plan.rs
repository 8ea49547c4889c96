//! What an operation will do, decided before anything is touched.
