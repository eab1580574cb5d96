//! The adapters against a real engine, embedded in the test's process unless `QUITTANCE_TEST_DYNAMODB` names
//! another (`bash .ci/engines` does): what the table promises, and what becomes of notifications, names and releases when a write is lost or another one comes first.

mod crash;
mod marks;
mod names;
mod quarantine;
mod races;
mod requests;
mod support;
mod table;
