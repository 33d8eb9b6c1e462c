//! What the page says, in both languages.

use domain::credit::{PublicStanding, Section, SectionState};

/// One thing in Chinese and in English. Neither needs escaping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Both {
    pub(crate) chinese: &'static str,
    pub(crate) english: &'static str,
}

const fn both(chinese: &'static str, english: &'static str) -> Both {
    Both { chinese, english }
}

pub(crate) const GENUINE: Both = both("证件真实", "Genuine badge");
pub(crate) const EXPIRED: Both = both("证件已过期", "Expired badge");
pub(crate) const SUSPENDED: Both = both("证件已暂停使用", "Suspended badge");
pub(crate) const REVOKED: Both = both("证件已吊销", "Revoked badge");
pub(crate) const NOT_GENUINE: Both = both("不是真实证件", "Not a genuine badge");
pub(crate) const UNAVAILABLE: Both = both("暂时无法核验", "Cannot be verified right now");

pub(crate) const FROM_YOUR_ORDER: Both = both(
    "请在您的订单内扫码，核对来的是不是您的服务员。",
    "Scan from within your order to see whether this is your worker.",
);
pub(crate) const ASK_AGENCY: Both = both(
    "此证件现在无效，请勿让持证人开始服务，并联系家政机构。",
    "This badge is not valid now. Do not let the bearer begin work; call the agency.",
);
pub(crate) const DO_NOT_LET_IN: Both = both(
    "请勿让持证人进门，并联系家政机构。",
    "Do not let the bearer in, and call the agency.",
);
pub(crate) const NOT_OURS: Both = both(
    "请勿让持证人进门。如是手机动态码，请让对方重新出示后再扫。",
    "Do not let the bearer in. If it was a code on a phone, ask to be shown a new one and scan that.",
);
pub(crate) const TRY_AGAIN: Both = both(
    "这不说明证件是真是假，请稍后再扫。",
    "This says nothing about the badge. Please scan again in a moment.",
);

pub(crate) const NAME: Both = both("姓名", "Name");
pub(crate) const AGENCY: Both = both("所属机构", "Agency");
pub(crate) const AS_OF: Both = both("核验时间", "Verified at");
pub(crate) const RECORD: Both = both("诚信信息", "Credit record");
pub(crate) const ADDRESS: Both = both(
    "请核对浏览器中的网址是：",
    "Check that the address in your browser is:",
);
pub(crate) const NO_DETAILS: Both = both(
    "时间为北京时间。本页不显示任何个人详情。",
    "Times are China Standard Time. This page shows no personal details.",
);

pub(crate) fn standing(standing: PublicStanding) -> Both {
    match standing {
        PublicStanding::Clear => both("诚信信息正常", "Record clear"),
        PublicStanding::Attention => both("诚信信息需注意", "Record needs attention"),
        PublicStanding::Unverified => both("诚信信息未核实", "Record not verified"),
    }
}

pub(crate) fn section(section: Section) -> Both {
    match section {
        Section::Identity => both("身份核验", "Identity"),
        Section::BackgroundCheck => both("背景审查", "Background check"),
        Section::JudicialEnforcement => both("被执行人", "Court enforcement"),
        Section::Dishonesty => both("失信名单", "Court dishonesty list"),
        Section::PublicSecurity => both("公安结论", "Police conclusion"),
        Section::HealthCertificate => both("健康证", "Health certificate"),
        Section::BodyTemperature => both("体温", "Body temperature"),
        Section::PersonalInsurance => both("人身保险", "Personal insurance"),
        Section::OccupationalInsurance => both("职业责任险", "Liability insurance"),
    }
}

pub(crate) fn state(state: SectionState) -> Both {
    match state {
        SectionState::Clear => both("正常", "Clear"),
        SectionState::Flagged => both("有异常", "Flagged"),
        SectionState::Pending => both("核查中", "Pending"),
        SectionState::Unknown => both("未知", "Unknown"),
        SectionState::Stale => both("待更新", "Not up to date"),
        SectionState::Expired => both("已过期", "Expired"),
        SectionState::Withheld => both("不予公开", "Withheld"),
        SectionState::NotRequired => both("无需", "Not required"),
    }
}

/// A verdict's symbol. Each has an outline of its own, so that it is told without its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Tick,
    Warning,
    Question,
    Clock,
    Pause,
    Stop,
}

impl Symbol {
    /// White, as part of the document.
    pub(crate) fn svg(self) -> String {
        let drawn = match self {
            Self::Tick => {
                r#"<circle cx="24" cy="24" r="21"/><path d="M14 25l7 7 13-15" stroke-width="5"/>"#
            }
            Self::Warning => {
                r#"<path d="M24 4l21 38H3z"/><path d="M24 17v12M24 35v1.5" stroke-width="5"/>"#
            }
            Self::Question => {
                r#"<rect x="4" y="4" width="40" height="40" rx="6"/><path d="M17.5 18a6.5 6.5 0 1 1 9 6c-1.800.8-2.5 2-2.5 4M24 34.500v1" stroke-width="4.5"/>"#
            }
            Self::Clock => {
                r#"<circle cx="24" cy="24" r="21"/><path d="M24 12v13l9 5" stroke-width="4.5"/>"#
            }
            Self::Pause => {
                r#"<rect x="4" y="4" width="40" height="40" rx="20"/><path d="M18 16v16M30 16v16" stroke-width="5.5"/>"#
            }
            Self::Stop => {
                r#"<path d="M15.5 3h17L45 15.500v17L32.5 45h-17L3 32.500v-17z"/><path d="M16 16l16 16M32 16L16 32" stroke-width="5"/>"#
            }
        };
        format!(
            r##"<svg viewBox="0 0 48 48" width="74" height="74" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{drawn}</svg>"##
        )
    }
}
