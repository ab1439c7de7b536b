//! Files of lines that are made on request.

use crate::words;

words! {
    /// What an export holds.
    pub enum ExportKind {
        /// Consumption of one invoice, a line for each day and meter.
        BilledUsage = "billed_usage",
        /// Consumption that is on no invoice yet.
        UnbilledUsage = "unbilled_usage",
        /// Every line of one invoice.
        Lines = "lines",
    }
}

words! {
    /// How far an export is.
    pub enum ExportState {
        /// Nobody has begun.
        NotStarted = "notstarted",
        /// Parts are being written.
        Running = "running",
        /// Everything is there.
        Succeeded = "succeeded",
        /// It could not be made.
        Failed = "failed",
    }
}
