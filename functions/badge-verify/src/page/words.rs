//! What the page says, in both languages.

use domain::credit::{PublicStanding, Section, SectionState};
use html::{Bilingual, bilingual};

pub(crate) const GENUINE: Bilingual = bilingual("证件真实", "Genuine badge");
pub(crate) const EXPIRED: Bilingual = bilingual("证件已过期", "Expired badge");
pub(crate) const SUSPENDED: Bilingual = bilingual("证件已暂停使用", "Suspended badge");
pub(crate) const REVOKED: Bilingual = bilingual("证件已吊销", "Revoked badge");
pub(crate) const NOT_GENUINE: Bilingual = bilingual("不是真实证件", "Not a genuine badge");
pub(crate) const UNAVAILABLE: Bilingual = bilingual("暂时无法核验", "Cannot be verified right now");

pub(crate) const FROM_YOUR_ORDER: Bilingual = bilingual(
    "请在您的订单内扫码，核对来的是不是您的服务员。",
    "Scan from within your order to see whether this is your worker.",
);
pub(crate) const ASK_AGENCY: Bilingual = bilingual(
    "此证件现在无效，请勿让持证人开始服务，并联系家政机构。",
    "This badge is not valid now. Do not let the bearer begin work; call the agency.",
);
pub(crate) const DO_NOT_LET_IN: Bilingual = bilingual(
    "请勿让持证人进门，并联系家政机构。",
    "Do not let the bearer in, and call the agency.",
);
pub(crate) const NOT_OURS: Bilingual = bilingual(
    "请勿让持证人进门。如是手机动态码，请让对方重新出示后再扫。",
    "Do not let the bearer in. If it was a code on a phone, ask to be shown a new one and scan that.",
);
pub(crate) const TRY_AGAIN: Bilingual = bilingual(
    "这不说明证件是真是假，请稍后再扫。",
    "This says nothing about the badge. Please scan again in a moment.",
);

pub(crate) const NAME: Bilingual = bilingual("姓名", "Name");
pub(crate) const AGENCY: Bilingual = bilingual("所属机构", "Agency");
pub(crate) const AS_OF: Bilingual = bilingual("核验时间", "Verified at");
pub(crate) const RECORD: Bilingual = bilingual("诚信信息", "Credit record");
pub(crate) const ADDRESS: Bilingual = bilingual(
    "请核对浏览器中的网址是：",
    "Check that the address in your browser is:",
);
pub(crate) const NO_DETAILS: Bilingual = bilingual(
    "时间为北京时间。本页不显示任何个人详情。",
    "Times are China Standard Time. This page shows no personal details.",
);

pub(crate) fn standing(standing: PublicStanding) -> Bilingual {
    match standing {
        PublicStanding::Clear => bilingual("诚信信息正常", "Record clear"),
        PublicStanding::Attention => bilingual("诚信信息需注意", "Record needs attention"),
        PublicStanding::Unverified => bilingual("诚信信息未核实", "Record not verified"),
    }
}

pub(crate) fn section(section: Section) -> Bilingual {
    match section {
        Section::Identity => bilingual("身份核验", "Identity"),
        Section::BackgroundCheck => bilingual("背景审查", "Background check"),
        Section::JudicialEnforcement => bilingual("被执行人", "Court enforcement"),
        Section::Dishonesty => bilingual("失信名单", "Court dishonesty list"),
        Section::PublicSecurity => bilingual("公安结论", "Police conclusion"),
        Section::HealthCertificate => bilingual("健康证", "Health certificate"),
        Section::BodyTemperature => bilingual("体温", "Body temperature"),
        Section::PersonalInsurance => bilingual("人身保险", "Personal insurance"),
        Section::OccupationalInsurance => bilingual("职业责任险", "Liability insurance"),
    }
}

pub(crate) fn state(state: SectionState) -> Bilingual {
    match state {
        SectionState::Clear => bilingual("正常", "Clear"),
        SectionState::Flagged => bilingual("有异常", "Flagged"),
        SectionState::Pending => bilingual("核查中", "Pending"),
        SectionState::Unknown => bilingual("未知", "Unknown"),
        SectionState::Stale => bilingual("待更新", "Not up to date"),
        SectionState::Expired => bilingual("已过期", "Expired"),
        SectionState::Withheld => bilingual("不予公开", "Withheld"),
        SectionState::NotRequired => bilingual("无需", "Not required"),
    }
}
