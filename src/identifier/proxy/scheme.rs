//! The payment schemes that are read, and their marks in QR codes.

/// A national scheme in which something else than an account number leads to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bakong,
    DuitNow,
    LapNet,
    PayNow,
    PromptPay,
    Qris,
    QrPh,
    VietQr,
}

impl Scheme {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bakong => "bakong",
            Self::DuitNow => "duitnow",
            Self::LapNet => "lapnet",
            Self::PayNow => "paynow",
            Self::PromptPay => "promptpay",
            Self::Qris => "qris",
            Self::QrPh => "qrph",
            Self::VietQr => "vietqr",
        }
    }

    /// The scheme of a lower-case name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "bakong" | "khqr" => Self::Bakong,
            "duitnow" => Self::DuitNow,
            "lapnet" | "laoqr" => Self::LapNet,
            "paynow" => Self::PayNow,
            "promptpay" => Self::PromptPay,
            "qris" => Self::Qris,
            "qrph" | "instapay" => Self::QrPh,
            "vietqr" => Self::VietQr,
            _ => return None,
        })
    }

    /// The country whose national telephone numbers a mobile proxy may be written in.
    pub(super) const fn region(self) -> &'static str {
        match self {
            Self::Bakong => "KH",
            Self::DuitNow => "MY",
            Self::LapNet => "LA",
            Self::PayNow => "SG",
            Self::PromptPay => "TH",
            Self::Qris => "ID",
            Self::QrPh => "PH",
            Self::VietQr => "VN",
        }
    }
}
