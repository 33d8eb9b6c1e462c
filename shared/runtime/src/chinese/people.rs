//! What problems say that are about people: members, how they log in, workers and their records.

pub(super) const CATALOGUE: &[(&str, &str)] = &[
    ("is not the seq of an event", "不是已有条目的编号"),
    (
        "There are at most {} members, each with {} credentials: one must go before another comes.",
        "最多有 {} 名成员，每人最多 {} 个凭证：须先撤销一个，才能再添加。",
    ),
    (
        "It was called off less than an hour ago.",
        "撤回至今未满一小时。",
    ),
    (
        "An agency does this to one worker at most {} times a day.",
        "企业每天对同一名服务员最多可如此操作 {} 次。",
    ),
    (
        "can be changed only by herself, in a session of her own, once she has been approved",
        "审核通过后，只能由服务员本人登录后更改",
    ),
    (
        "Too many members or credentials have come and gone lately.",
        "近期增减的成员或凭证过多。",
    ),
    (
        "What this session was opened by does not manage the members any more: log in again.",
        "打开此会话的凭证已不能管理成员：请重新登录。",
    ),
    (
        "Nobody who manages the members could log in any more: make somebody else ready for it first.",
        "将没有人能登录管理成员：请先让另一人能够管理。",
    ),
    (
        "This member's role does not allow it.",
        "此成员的角色无权进行此操作。",
    ),
    (
        "must be owner, dispatcher or viewer",
        "必须是 owner、dispatcher 或 viewer",
    ),
    (
        "must be supervisor, reviewer or auditor",
        "必须是 supervisor、reviewer 或 auditor",
    ),
    (
        "{} must be an id that begins with {}.",
        "{} 必须是以 {} 开头的编号。",
    ),
    (
        "{} must be a time in RFC 3339 with offset, such as {}.",
        "{} 必须是 RFC 3339 格式并带时区的时间，例如 {}。",
    ),
    (
        "She works for another agency now.",
        "她现在受雇于另一家企业。",
    ),
    (
        "She has withdrawn her consent since; she must give it again first.",
        "她已撤回同意，须先由她重新给出。",
    ),
    (
        "She has withdrawn her consent. Only she can give it again, in a session of her own.",
        "她已撤回同意，只能由她本人登录后重新给出。",
    ),
    ("is not the agency of this proposal", "不是此项提议的企业"),
    (
        "She has not agreed, in a session of her own, to work for this agency.",
        "她尚未本人登录同意为此企业工作。",
    ),
    (
        "She has no sessions of her own: say by phone_confirmed that it was confirmed with her.",
        "她没有自己的登录：请以 phone_confirmed 说明已与她本人确认。",
    ),
    (
        "is required, unless a cookie has it",
        "必须填写，除非 Cookie 中已有",
    ),
    (
        "With a cookie, the header X-Requested-With is needed.",
        "使用 Cookie 时需要 X-Requested-With 请求头。",
    ),
    ("There is no {} here.", "这里没有 {}。"),
    (
        "url must be that of a page of {}.",
        "url 必须是 {} 的页面地址。",
    ),
    (
        "A code was sent to this phone a moment ago, or too many were today.",
        "刚刚已向此手机发送验证码，或今日发送过多。",
    ),
    (
        "must be the 6 digits that were sent",
        "必须是收到的 6 位数字",
    ),
    (
        "An agency records body_temperature of its own workers, and nothing else.",
        "企业只能记录本企业服务员的体温。",
    ),
    (
        "This source has recorded something newer of this section.",
        "此来源对该项已有更新的记录。",
    ),
    (
        "This source has 8 entries of this section that hold now or begin later, and can have no more.",
        "此来源对该项已有 8 条现行或将生效的记录，不能再增加。",
    ),
    (
        "The worker's data is erased; her badges are good no more.",
        "该服务员的数据已删除，其服务卡不再有效。",
    ),
    ("must be within two years", "必须在两年之内"),
    ("must be before 24:00", "必须早于 24:00"),
    (
        "must be a time of day from 00:00 to 24:00",
        "必须是 00:00 至 24:00 的时刻",
    ),
    (
        "must be an access key that begins with hak_",
        "必须是以 hak_ 开头的访问密钥",
    ),
    // Members, sessions.
    // What is wished for, and when somebody can work.
    (
        "must be a tag: 1 to 32 of a to z, 0 to 9 and _",
        "必须是标签：1 至 32 个 a 至 z、0 至 9 或 _",
    ),
    ("{} is none of this city's tags", "{} 不是本市的标签"),
    ("{} is no tag of {}", "{} 不是 {} 的标签"),
    ("must not name a tag twice", "同一标签不能重复"),
    (
        "must not wish for both a woman and a man",
        "不能同时要求男性和女性",
    ),
    (
        "must be an order of one's own that a worker has come to",
        "必须是自己的、有服务员上门过的订单",
    ),
    ("{} must not be given twice", "{} 不能重复"),
    ("{} must be one of her skills", "{} 必须是她的技能之一"),
    ("must be after it begins", "必须晚于开始时间"),
    // After what is more exact.
    ("must be after {}", "必须晚于{}"),
    (
        "must be a day such as 2026-01-31",
        "必须是日期，如 2026-01-31",
    ),
    (
        "until must be after from, and within 62 days of it.",
        "until 必须晚于 from，且相距不超过 62 天。",
    ),
    (
        "near must be latitude, longitude and datum, such as 45.77,126.63,gcj02.",
        "near 必须是纬度、经度和坐标系，如 45.77,126.63,gcj02。",
    ),
    (
        "free_from and free_until go together, the second after the first and within 31 days of it; near needs both, because how near a worker is depends on her visits of that day.",
        "free_from 与 free_until 须同时给出，后者晚于前者且相距不超过 31 天；near 需要这两项，因为远近取决于服务员当天的上门安排。",
    ),
    ("skill: {}.", "skill：{}。"),
    ("tag: {}.", "tag：{}。"),
    (
        "must be a status of orders, or lost",
        "必须是订单状态，或 lost",
    ),
    (
        "{} must be a status of orders, or lost.",
        "{} 必须是订单状态，或 lost。",
    ),
    (
        "{} must be a day such as 2026-01-31.",
        "{} 必须是日期，如 2026-01-31。",
    ),
    ("{} must be true or false.", "{} 必须是 true 或 false。"),
    ("{} must be one of {}.", "{} 必须是以下之一：{}。"),
    // Moving, consent, sections.
    // Visits, badges, photos.
    (
        "shows no QR code that can be read; go closer, and hold the phone still",
        "未识别到二维码：请靠近一些，并拿稳手机",
    ),
    // Complaints.
    ("The order is not over", "订单尚未结束"),
    (
        "One can complain once the visit, or the order, is over.",
        "服务或订单结束后才能投诉。",
    ),
    ("No agency had the order", "没有企业承接此订单"),
    (
        "The order ended without an agency, so there is nobody to complain about.",
        "订单结束时没有企业承接，没有可投诉的对象。",
    ),
    ("There is a complaint", "已有投诉"),
    (
        "This order has a complaint already, and it cannot be changed.",
        "此订单已有投诉，且不能修改。",
    ),
    ("The complaint is answered", "投诉已答复"),
    (
        "This complaint already has a different answer, and it cannot be changed.",
        "此投诉已有另一答复，且不能修改。",
    ),
    ("The agency can still answer", "企业仍可答复"),
    (
        "A complaint is decided once the agency has answered, or its time to answer is over.",
        "企业答复后，或答复期限过后，才能作出决定。",
    ),
    ("The complaint is decided", "投诉已有决定"),
    (
        "This complaint was already decided differently.",
        "此投诉已有不同的决定。",
    ),
    (
        "The time to complain of this order is over.",
        "此订单的投诉期限已过。",
    ),
    (
        "The time to answer this complaint is over.",
        "此投诉的答复期限已过。",
    ),
];
