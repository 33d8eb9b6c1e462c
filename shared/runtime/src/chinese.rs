//! What problems say, in Chinese.
//!
//! Problems and faults are written in English where they arise. This is the one catalogue of what they are in Chinese:
//! it is asked at the boundary, so that no rule knows about languages. The end-to-end tests look up everything that they
//! are told, and fail where something is missing here.

mod feeds;
mod people;

use crate::accept::prefers_chinese;

/// English and Chinese. `{}` stands for what differs, such as a number, and is taken over in the same order.
const CATALOGUE: &[(&str, &str)] = &[
    // Titles and usual details of problems.
    ("The request cannot be read", "无法读取请求"),
    ("The request cannot be read.", "无法读取请求。"),
    ("Idempotency-Key is missing", "缺少 Idempotency-Key"),
    (
        "This request needs an Idempotency-Key header of 1 to 64 visible ASCII characters.",
        "此请求需要 Idempotency-Key 请求头，为 1 至 64 个可见的 ASCII 字符。",
    ),
    ("The credentials are not accepted", "凭证未被接受"),
    (
        "The credentials are unknown or wrong.",
        "凭证不存在或不正确。",
    ),
    ("Not allowed", "无权操作"),
    ("The caller may not do this.", "您无权进行此操作。"),
    (
        "Requests have to come through the web address, not past it.",
        "请通过公布的网址访问，不能绕过。",
    ),
    ("Not offered", "未向您派发"),
    (
        "This order is not on offer to this agency with this claim token.",
        "此订单未凭此抢单凭证向本企业派发。",
    ),
    ("The agency is not approved", "企业未通过审核"),
    (
        "Only an approved agency can do this.",
        "只有通过审核的企业才能进行此操作。",
    ),
    ("Not found", "未找到"),
    ("There is nothing here.", "这里没有您要找的内容。"),
    ("In conflict with the current state", "与当前状态冲突"),
    (
        "The current state does not allow this.",
        "当前状态不允许此操作。",
    ),
    ("Too late", "为时已晚"),
    (
        "The order is in service or over.",
        "订单正在服务中或已结束。",
    ),
    ("About to be erased", "即将删除"),
    (
        "Your data is about to be erased. Call that off to place orders.",
        "您的个人信息即将删除。如需下单，请先撤回删除申请。",
    ),
    ("The store is closed", "门店已关闭"),
    ("The store is closed for good.", "门店已永久关闭。"),
    ("Changed since it was shown", "内容已有变更"),
    (
        "What is to be decided has changed since it was shown.",
        "待审核的内容在展示后已有变更。",
    ),
    ("The photo is missing", "缺少照片"),
    (
        "A worker without an approved photo has no badge.",
        "没有审核通过的照片，不能发放服务卡。",
    ),
    ("The order is taken", "订单已被抢"),
    (
        "Another agency has claimed this order.",
        "此订单已由其他企业承接。",
    ),
    ("The worker is not approved", "服务员未通过审核"),
    (
        "Only an approved worker can have a badge.",
        "只有通过审核的服务员才能持有服务卡。",
    ),
    ("The credit code is taken", "统一社会信用代码已被使用"),
    (
        "Another agency with this credit code has been approved.",
        "使用此统一社会信用代码的另一企业已通过审核。",
    ),
    ("The worker is registered already", "服务员已登记"),
    (
        "This agency has registered this person before.",
        "本企业已登记过此人。",
    ),
    ("The phone is taken", "手机号已被使用"),
    (
        "Another worker has been approved with this phone.",
        "使用此手机号的另一服务员已通过审核。",
    ),
    ("The order is cancelled", "订单已取消"),
    (
        "The customer has cancelled this order.",
        "客户已取消此订单。",
    ),
    ("The grab window is closed", "抢单时间已过"),
    (
        "The grab window of this order is over.",
        "此订单的抢单时间已过。",
    ),
    ("The body is too large", "请求内容过大"),
    ("The body is larger than {} KiB.", "请求内容超过 {} KiB。"),
    ("Unsupported media type", "不支持的媒体类型"),
    (
        "The body must be application/json.",
        "请求内容必须是 application/json。",
    ),
    (
        "Idempotency-Key was used before",
        "Idempotency-Key 已被使用",
    ),
    (
        "This Idempotency-Key was used with another body.",
        "此 Idempotency-Key 曾用于另一请求内容。",
    ),
    ("Internal error", "内部错误"),
    (
        "Something went wrong here. It has been logged.",
        "系统出错，已作记录。",
    ),
    ("Not authenticated", "未登录"),
    ("A valid bearer token is needed.", "需要有效的登录令牌。"),
    ("Method not allowed", "不支持的方法"),
    (
        "No path is answered by this method.",
        "没有路径支持此方法。",
    ),
    ("The request is not valid", "请求内容有误"),
    ("1 field is not valid.", "有 1 项内容有误。"),
    ("{} fields are not valid.", "有 {} 项内容有误。"),
    ("Too many requests", "操作过于频繁"),
    (
        "Too many requests; try again later.",
        "操作过于频繁，请稍后再试。",
    ),
    ("Unavailable for the moment", "暂时无法使用"),
    (
        "This cannot be done at the moment; try again.",
        "目前无法完成此操作，请重试。",
    ),
    // Reading requests.
    ("The cursor is not one of this list.", "游标不属于此列表。"),
    (
        "The body is not JSON: line {}, column {}.",
        "请求内容不是 JSON：第 {} 行，第 {} 列。",
    ),
    (
        "Idempotency-Key must be 1 to 64 visible ASCII characters.",
        "Idempotency-Key 必须是 1 至 64 个可见的 ASCII 字符。",
    ),
    ("There are no query parameters here.", "此处没有查询参数。"),
    (
        "An unknown query parameter was given; there are: {}.",
        "有未知的查询参数；可用的有：{}。",
    ),
    ("{} was given twice.", "{} 重复出现。"),
    ("The query is not UTF-8.", "查询参数不是 UTF-8 编码。"),
    (
        "{} must be a whole number from {} to {}.",
        "{} 必须是 {} 至 {} 的整数。",
    ),
    (
        "{} must be a whole number from 0.",
        "{} 必须是不小于 0 的整数。",
    ),
    ("is required", "必填"),
    ("is not a known field", "不是已知的字段"),
    ("is not valid", "无效"),
    ("must be a string", "必须是文字"),
    ("must be a number", "必须是数字"),
    ("must be a list", "必须是列表"),
    ("must be an object", "必须是对象"),
    ("must be true or false", "必须是 true 或 false"),
    (
        "must be a whole number within {} and {}",
        "必须是 {} 至 {} 之间的整数",
    ),
    ("must be within {} and {}", "必须在 {} 与 {} 之间"),
    ("must be 1 to 5", "必须是 1 至 5"),
    ("must be one of {}", "必须是以下之一：{}"),
    ("must have at least one of {}", "至少要有以下之一：{}"),
    ("must have {} to {} characters", "必须有 {} 至 {} 个字"),
    ("must have {} to {} elements", "必须有 {} 至 {} 项"),
    ("must not name a service twice", "同一服务不能重复"),
    (
        "must be an id that begins with {}",
        "必须是以 {} 开头的编号",
    ),
    ("must have something that can be seen", "必须有可见的内容"),
    ("must not have control characters", "不能有控制字符"),
    (
        "must not have invisible characters, such as {} at place {}",
        "不能有不可见字符，如 {}（第 {} 个字）",
    ),
    (
        "must not have private-use or unassigned characters, such as {}",
        "不能有自定义或未分配的字符，如 {}",
    ),
    (
        "must be a person's name: letters, with spaces, hyphens or · between them",
        "必须是姓名：文字，其间可有空格、连字符或 ·",
    ),
    (
        "must be a mobile phone number of 11 digits, such as 13912345678",
        "必须是 11 位手机号，如 13912345678",
    ),
    (
        "must be a time in RFC 3339 with offset, such as 2026-01-31T09:00:00+08:00",
        "必须是带时区的 RFC 3339 时间，如 2026-01-31T09:00:00+08:00",
    ),
    (
        "must have 17 digits and then a digit or X",
        "必须是 17 位数字，末位为数字或 X",
    ),
    (
        "must have 18 digits and letters, without I, O, S, V and Z",
        "必须是 18 位数字和字母，不含 I、O、S、V、Z",
    ),
    (
        "has a wrong check character; please compare it with the card",
        "校验位不符，请与身份证核对",
    ),
    (
        "has a wrong check character; please compare it with the licence",
        "校验位不符，请与营业执照核对",
    ),
    (
        "has no possible birth date in digits 7 to 14",
        "第 7 至 14 位不是有效的出生日期",
    ),
    (
        "must be a latitude from -75 to 75 degrees",
        "必须是 -75 至 75 度的纬度",
    ),
    (
        "must be a longitude from -180 to 180 degrees",
        "必须是 -180 至 180 度的经度",
    ),
    ("must be 64 hexadecimal digits", "必须是 64 位十六进制数字"),
    (
        "must be 1 to 64 of letters, digits, '.', '_' and '-', beginning with a letter or digit",
        "必须是 1 至 64 个字母、数字、“.”、“_”或“-”，以字母或数字开头",
    ),
    // Who may do what.
    ("Only a customer can do this.", "只有客户才能进行此操作。"),
    ("Only a worker can do this.", "只有服务员才能进行此操作。"),
    ("Only an agency can do this.", "只有企业才能进行此操作。"),
    (
        "Only the authority can do this.",
        "只有主管部门才能进行此操作。",
    ),
    (
        "Only an agency or the authority can do this.",
        "只有企业或主管部门才能进行此操作。",
    ),
    ("WeChat has blocked this user.", "微信已限制此用户。"),
    (
        "Too many wrong secrets of this access key have come from this address.",
        "此地址提交的此访问密钥的错误口令过多。",
    ),
    // Orders.
    ("must be in the future", "必须晚于现在"),
    (
        "must be more than {} minutes from now",
        "必须在 {} 分钟之后",
    ),
    ("must be within 60 days from now", "必须在 60 天以内"),
    ("cannot be ordered here", "此地不提供此项服务"),
    ("must be where this market serves", "必须在服务范围内"),
    (
        "A customer has at most {} open orders.",
        "一位客户最多同时有 {} 个待接订单。",
    ),
    (
        "A customer places at most {} orders a day.",
        "一位客户每天最多下 {} 单。",
    ),
    ("Too many unstaffed claims", "未派单的订单过多"),
    (
        "This agency has grabbed as many orders as it may without naming their workers: name them, or release some.",
        "本企业抢到而未派单的订单已达上限：请先派单，或退回部分订单。",
    ),
    ("Too many claims were given up", "放弃的订单过多"),
    (
        "Too many claims of this agency ended today without a visit; it can grab again tomorrow.",
        "本企业今日未上门即结束的订单已达上限，明日才能再抢单。",
    ),
    ("Too many orders' details were opened", "查看的客户信息过多"),
    (
        "Naming a worker opens the details of an order, and this agency has opened as many today as it may.",
        "派单会显示订单详情，而本企业今日查看的订单详情已达上限。",
    ),
    (
        "The order is not claimed by this agency",
        "订单不由本企业承接",
    ),
    (
        "This agency had the order and has lost it: it was not staffed in time, the customer cancelled, or the agency was suspended.",
        "本企业曾承接此订单，现已失去：未及时派单、客户取消，或企业被停业。",
    ),
    (
        "Workers have been named for this order too often; release it if nobody can come.",
        "此订单派单次数过多；如无人可去，请退回订单。",
    ),
    ("The worker is not eligible", "服务员不符合条件"),
    (
        "This worker cannot be staffed for this order; `reasons` names everything that stands against it.",
        "此服务员不能派往此订单；`reasons` 列出全部原因。",
    ),
    ("The visit has not begun", "服务尚未开始"),
    (
        "No badge check has matched for this order yet.",
        "此订单尚无核验通过的服务卡。",
    ),
    ("The visit is not over", "服务尚未结束"),
    (
        "A visit can be rated once it is completed.",
        "服务完成后才能评价。",
    ),
    ("The visit is rated", "服务已评价"),
    (
        "This visit already has a different rating, and a rating cannot be changed.",
        "此服务已有另一评价，评价不能修改。",
    ),
    (
        "is not a receipt of this agency's queue",
        "不是本企业队列的回执",
    ),
    // Agencies and reviews.
    (
        "A registration needs an Idempotency-Key of 32 to 64 visible ASCII characters that nobody can guess.",
        "注册需要 Idempotency-Key，为 32 至 64 个他人无法猜到的可见 ASCII 字符。",
    ),
    (
        "At most {} stores of an agency wait for review.",
        "一家企业最多有 {} 个门店等待审核。",
    ),
    (
        "An agency has at most {} stores, with those closed.",
        "每家企业最多有 {} 家门店，包括已关闭的。",
    ),
    (
        "What this request added has been withdrawn.",
        "此请求添加的内容已被撤销。",
    ),
    (
        "The decision {} cannot be taken on what is {}.",
        "不能对处于 {1} 状态的对象作出 {0} 决定。",
    ),
    (
        "What is to be decided has changed since it was shown; its version is {} now.",
        "待审核的内容在展示后已有变更，现版本为 {}。",
    ),
    (
        "is required: the version that was shown",
        "必填：所展示的版本",
    ),
    (
        "kind must be agency, store, worker, objection or erasure.",
        "kind 必须是 agency、store、worker、objection 或 erasure。",
    ),
    ("must be upheld or dismissed", "必须是 upheld 或 dismissed"),
    (
        "This objection already has a different answer.",
        "此异议已有另一答复。",
    ),
    // Workers.
    ("must not be in the future", "不能晚于现在"),
    ("must not be before she was 18", "不能早于其年满 18 岁"),
    ("must not be more than 2 years ago", "不能早于两年前"),
    (
        "must be of somebody from {} to {} years of age",
        "必须是 {} 至 {} 岁的人",
    ),
    (
        "{} is no approved service of this agency",
        "{} 不是本企业获准的服务",
    ),
    (
        "Too many agencies have registered this person and wait for the authority.",
        "已有过多企业登记此人并等待主管部门审核。",
    ),
    (
        "The authority has not approved this worker for the agency.",
        "主管部门尚未批准此服务员在本企业工作。",
    ),
    (
        "The authority must give a purpose of 1 to 200 visible characters.",
        "主管部门须填写查阅目的，为 1 至 200 个可见字符。",
    ),
    (
        "The body must be image/jpeg or image/png.",
        "请求内容必须是 image/jpeg 或 image/png。",
    ),
    ("The photo is larger than 1 MiB.", "照片超过 1 MiB。"),
    (
        "must be a JPEG or PNG image that can be read to its end",
        "必须是完整可读的 JPEG 或 PNG 图片",
    ),
    ("must have at most 20 megapixels", "最多 2000 万像素"),
    (
        "is required for this section when it is clear",
        "此项为 clear 时必填",
    ),
    ("must be after it begins to hold", "必须晚于生效时间"),
    (
        "This worker's personal data has been erased.",
        "此服务员的个人信息已删除。",
    ),
    ("The data is being erased.", "个人信息正在删除。"),
    (
        "At most {} objections wait for the authority at once.",
        "最多同时有 {} 项异议等待主管部门处理。",
    ),
    (
        "must be a section or the seq of an event",
        "必须是信用记录的项目或事件的 seq",
    ),
    // Badges.
    (
        "A worker has at most {} badges that have not expired.",
        "一名服务员最多有 {} 张未过期的服务卡。",
    ),
    (
        "Only an approved worker wears a badge.",
        "只有通过审核的服务员才佩戴服务卡。",
    ),
    ("She has no valid badge.", "她没有有效的服务卡。"),
    (
        "A badge that is revoked or expired is not printed.",
        "已吊销或过期的服务卡不能打印。",
    ),
    (
        "A revoked badge stays revoked; issue another one.",
        "已吊销的服务卡不能恢复，请另行发放。",
    ),
    (
        "The authority suspended this badge, and only the authority can reinstate it.",
        "此服务卡由主管部门停用，只有主管部门可以恢复。",
    ),
    (
        "This badge was revoked, or expired, before it was signed; issue another one.",
        "此服务卡在签发前已被吊销或过期，请重新发放。",
    ),
    (
        "This badge was not signed yet; repeat the request that issued it.",
        "此服务卡尚未签名，请重新发送发放请求。",
    ),
    (
        "must be a JPEG image that can be read",
        "必须是可读取的 JPEG 图片",
    ),
    ("must have at most 16 megapixels", "不得超过 1600 万像素"),
    ("The photo is larger than 2 MiB.", "照片大于 2 MiB。"),
    (
        "{} must be 64 hexadecimal digits.",
        "{} 必须是 64 位十六进制数字。",
    ),
    // Papers.
    ("Papers are missing", "缺少证照"),
    (
        "An agency is approved once it has shown the papers that this market requires.",
        "企业提交本市场所需的证照后，才能通过审核。",
    ),
    (
        "The body must be application/pdf, image/jpeg or image/png.",
        "请求内容必须是 application/pdf、image/jpeg 或 image/png。",
    ),
    ("The paper is larger than 4 MiB.", "证照文件超过 4 MiB。"),
    (
        "must be a PDF document, or a JPEG or PNG image",
        "必须是 PDF 文件，或 JPEG、PNG 图片",
    ),
    (
        "An agency brings at most {} papers a day.",
        "企业每天最多提交 {} 份证照。",
    ),
    ("{} must be given.", "必须给出 {}。"),
    (
        "{} must have 18 digits and letters, without I, O, S, V and Z.",
        "{} 必须是 18 位数字和字母，不含 I、O、S、V、Z。",
    ),
    (
        "{} has a wrong check character; please compare it with the licence.",
        "{} 的校验位不符，请与营业执照核对。",
    ),
    ("from must not be larger than to.", "from 不得大于 to。"),
];

/// What a problem or fault says, in Chinese; `None` if the catalogue does not have it.
pub fn chinese(english: &str) -> Option<String> {
    catalogue().find_map(|(pattern, chinese)| {
        let parts = differing(pattern, english)?;
        Some(filled(chinese, &parts))
    })
}

/// The faults of a row or a batch, divided by `; `, for who is read by the header `Accept-Language`: Chinese if that prefers it
/// to English. What the catalogue does not have stays English.
pub fn spoken(faults: &str, accept_language: &str) -> String {
    if !prefers_chinese(accept_language) {
        return faults.to_owned();
    }
    let faults = faults.split("; ");
    let faults: Vec<_> = faults
        .map(|fault| chinese(fault).unwrap_or_else(|| fault.to_owned()))
        .collect();
    faults.join("；")
}

/// All of it.
fn catalogue() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    feeds::CATALOGUE
        .iter()
        .chain(CATALOGUE)
        .chain(people::CATALOGUE)
}

/// What stands in `text` where the pattern has `{}`; `None` if it does not fit.
fn differing<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut literals = pattern.split("{}");
    let mut rest = text.strip_prefix(literals.next()?)?;
    let mut parts = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let end = match literals.peek() {
            Some(_) => rest.find(literal)?,
            None => rest.strip_suffix(literal)?.len(),
        };
        let (part, from) = rest.split_at(end);
        parts.push(part);
        rest = from.strip_prefix(literal)?;
    }
    rest.is_empty().then_some(parts)
}

/// Puts the parts where the text has `{}`, or `{0}` and `{1}` where Chinese has another order.
fn filled(text: &str, parts: &[&str]) -> String {
    let mut filled = text.to_owned();
    for (place, part) in parts.iter().enumerate() {
        filled = filled.replace(&format!("{{{place}}}"), part);
        filled = filled.replacen("{}", part, 1);
    }
    filled
}

#[cfg(test)]
mod tests;
