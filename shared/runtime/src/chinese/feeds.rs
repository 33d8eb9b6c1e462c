//! What problems say about credit feeds and the log, and what is wrong with a batch and its rows.

pub(super) const CATALOGUE: &[(&str, &str)] = &[
    ("The signature is not accepted", "签名未被接受"),
    (
        "The source is unknown, or the signature is not its own over this manifest.",
        "来源未知，或签名不是该来源对此清单的签名。",
    ),
    ("A batch is missing", "缺少批次"),
    (
        "The batch does not follow the one before",
        "批次与前一批次不相衔接",
    ),
    ("The batch is older than the one before", "批次早于前一批次"),
    ("A part is larger than 4 MiB.", "分片超过 4 MiB。"),
    (
        "Another batch of this source has this batch_id.",
        "此来源的另一批次使用此 batch_id。",
    ),
    (
        "The batch is complete, and this is not the part that it was sent with.",
        "批次已完整，且此分片与原先发送的不同。",
    ),
    (
        "This batch was refused, and its seq has been announced anew.",
        "此批次已被拒绝，其 seq 已重新公告。",
    ),
    ("must have a hash for each part", "必须有每个分片的哈希"),
    (
        "No event of this hash has a place in the log yet.",
        "具有此哈希的事件尚未进入日志。",
    ),
    (
        "The log is not that large, or has no such leaf at that size.",
        "日志没有这么大，或在该大小下没有此叶。",
    ),
    ("The log is not that large.", "日志没有这么大。"),
    (
        "Either leaf or index must be given.",
        "须给出 leaf 或 index 之一。",
    ),
    ("is in the future", "晚于现在"),
    (
        "is not the part whose hash the manifest names",
        "不是清单中哈希所指的分片",
    ),
    ("must be the source in the path", "必须是路径中的来源"),
    (
        "Another batch of this source has this seq; the next one has seq {}.",
        "此来源的另一批次使用此 seq；下一批次的 seq 是 {}。",
    ),
    (
        "The next batch of this source has seq {}.",
        "此来源的下一批次的 seq 是 {}。",
    ),
    (
        "Prev_sha256 is not of the batch before.",
        "prev_sha256 不是前一批次的。",
    ),
    (
        "As_of is before that of the batch before, {}.",
        "as_of 早于前一批次的 {}。",
    ),
    (
        "{} batches of this source wait to be applied already.",
        "此来源已有 {} 个批次等待处理。",
    ),
    // Rows that are rejected, and batches that are refused.
    ("the row is longer than 4096 bytes", "此行超过 4096 字节"),
    ("the row is not a JSON object", "此行不是 JSON 对象"),
    ("a member is given twice", "同一字段出现两次"),
    ("there is a field that is not known", "含有未知字段"),
    (
        "state must be one of clear, flagged, pending, unknown, withheld",
        "state 必须是 clear、flagged、pending、unknown、withheld 之一",
    ),
    (
        "{} must be a time in RFC 3339 with offset",
        "{} 必须是带时区的 RFC 3339 时间",
    ),
    ("as_of is in the future", "as_of 晚于现在"),
    (
        "it ends before it begins: valid_until must be after valid_from or as_of",
        "失效早于生效：valid_until 必须晚于 valid_from 或 as_of",
    ),
    (
        "valid_until is needed where this section is clear",
        "此项为 clear 时必须有 valid_until",
    ),
    (
        "worker must be an object with id_number",
        "worker 必须是含 id_number 的对象",
    ),
    (
        "worker has a field that is not known",
        "worker 含有未知字段",
    ),
    (
        "worker.id_number must be a string",
        "worker.id_number 必须是文本",
    ),
    (
        "worker.id_number has a birth date in the future",
        "worker.id_number 的出生日期晚于现在",
    ),
    (
        "worker.id_number must have 17 digits and then a digit or X",
        "worker.id_number 必须是 17 位数字加一位数字或 X",
    ),
    (
        "worker.id_number has no possible birth date in digits 7 to 14",
        "worker.id_number 第 7 至 14 位不是有效的出生日期",
    ),
    // One fault in two halves, as `spoken` takes them apart.
    (
        "worker.id_number has a wrong check character",
        "worker.id_number 的校验位有误",
    ),
    ("please compare it with the card", "请与证件核对"),
    ("section is not one of the nine", "section 不是九项之一"),
    (
        "this source may not speak for this section",
        "此来源无权提供此项记录",
    ),
    (
        "reference must be a string of 1 to 64 visible characters",
        "reference 必须是 1 至 64 个可见字符",
    ),
    (
        "lines {} and {} contradict one another, of the same section and a later moment",
        "第 {} 行与第 {} 行关于同一项、更晚时刻的内容互相矛盾",
    ),
    (
        "line {} says something else of the same section and moment",
        "第 {} 行对同一项、同一时刻另有说法",
    ),
    ("no such worker", "没有此服务员"),
    (
        "this worker's record cannot be written here",
        "此服务员的记录无法写入",
    ),
    ("the operator has been told", "已通知运营人员"),
    (
        "this source has 8 entries of this section that hold now or begin later, and can have no more",
        "此来源在此项已有 8 条生效或待生效的记录，不能再多",
    ),
    (
        "This source may not send credit records any more.",
        "此来源已无权报送信用记录。",
    ),
    (
        "Its announcement is not signed with the key that this source has now. Announce this seq again under another batch_id.",
        "其公告不是用此来源现有的密钥签名的。请用另一 batch_id 重新公告此 seq。",
    ),
    (
        "The parts do not have the sha256 of the manifest. Put the right parts, or announce this seq again under another batch_id.",
        "分片与清单中的 sha256 不符。请重新上传正确的分片，或用另一 batch_id 重新公告此 seq。",
    ),
    (
        "There are {} rows, not as many as the manifest says. Put the right parts, or announce this seq again under another batch_id.",
        "共有 {} 行，与清单所述不符。请重新上传正确的分片，或用另一 batch_id 重新公告此 seq。",
    ),
    (
        "A batch before it or itself was refused, and its seq has been announced anew.",
        "此前的批次或此批次已被拒绝，其 seq 已重新公告。",
    ),
];
