//! Harbin's nine districts, as far as the demo city needs them.

/// A district: where its agencies' stores may lie, and what their addresses are made of.
pub(super) struct District {
    pub name: &'static str,
    /// Its code in GB/T 2260, which a credit code carries.
    pub code: &'static str,
    /// How many agencies are at home here.
    pub agencies: usize,
    /// The middle of its built-up part: WGS-84 latitude and longitude in degrees.
    pub centre: (f64, f64),
    /// How far from there, in metres, stores lie.
    pub spread_m: f64,
    pub streets: &'static [&'static str],
}

pub(super) const DISTRICTS: [District; 9] = [
    District {
        name: "道里区",
        code: "230102",
        agencies: 52,
        centre: (45.725, 126.540),
        spread_m: 10_000.0,
        streets: &[
            "中央大街",
            "尚志大街",
            "经纬街",
            "友谊路",
            "新阳路",
            "群力第一大道",
            "丽江路",
            "安隆街",
        ],
    },
    District {
        name: "南岗区",
        code: "230103",
        agencies: 54,
        centre: (45.690, 126.625),
        spread_m: 10_000.0,
        streets: &[
            "红军街",
            "东大直街",
            "西大直街",
            "果戈里大街",
            "学府路",
            "哈西大街",
            "和兴路",
            "宣化街",
        ],
    },
    District {
        name: "道外区",
        code: "230104",
        agencies: 42,
        centre: (45.805, 126.725),
        spread_m: 10_000.0,
        streets: &[
            "靖宇街",
            "承德街",
            "南直路",
            "太古街",
            "先锋路",
            "宏伟路",
            "景阳街",
            "东直路",
        ],
    },
    District {
        name: "香坊区",
        code: "230110",
        agencies: 44,
        centre: (45.705, 126.730),
        spread_m: 10_000.0,
        streets: &[
            "公滨路",
            "和平路",
            "三大动力路",
            "香坊大街",
            "红旗大街",
            "哈平路",
            "衡山路",
            "进乡街",
        ],
    },
    District {
        name: "平房区",
        code: "230108",
        agencies: 20,
        centre: (45.595, 126.630),
        spread_m: 5_000.0,
        streets: &["新疆大街", "友协大街", "联盟大街", "建安街"],
    },
    District {
        name: "松北区",
        code: "230109",
        agencies: 34,
        centre: (45.825, 126.545),
        spread_m: 8_000.0,
        streets: &["世茂大道", "祥安大街", "松北大道", "学院路", "中源大道"],
    },
    District {
        name: "呼兰区",
        code: "230111",
        agencies: 26,
        centre: (45.910, 126.590),
        spread_m: 6_000.0,
        streets: &["利民大道", "南京路", "师大南路", "建设路"],
    },
    District {
        name: "阿城区",
        code: "230112",
        agencies: 21,
        centre: (45.545, 126.965),
        spread_m: 4_500.0,
        streets: &["延川大街", "牌路大街", "解放大街", "上京大道"],
    },
    District {
        name: "双城区",
        code: "230113",
        agencies: 18,
        centre: (45.378, 126.310),
        spread_m: 4_500.0,
        streets: &["花园大街", "民主大街", "团结大街", "和平大街"],
    },
];
