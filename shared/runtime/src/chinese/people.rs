//! What problems say that are about people: members, how they log in, workers and their records.

pub(super) const CATALOGUE: &[(&str, &str)] = &[
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
    (
        "must be a time of day from 00:00 to 24:00",
        "必须是 00:00 至 24:00 的时刻",
    ),
    (
        "must be an access key that begins with hak_",
        "必须是以 hak_ 开头的访问密钥",
    ),
];
