//! The list of customers as a file that spreadsheets open: CSV (RFC 4180) in UTF-8.

use domain::market::Market;
use domain::member::{Deed, Right};
use lambda_http::http::header::{CONTENT_DISPOSITION, HeaderValue};
use runtime::Problem;
use runtime::accept::prefers_chinese;
use runtime::http::{self, Request, Response};

use crate::Customers;
use crate::view::ListedCustomer;

/// So many customers are in it at most, those visited last.
const MOST: usize = 5_000;
/// Without it, Excel takes UTF-8 for something else.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl Customers {
    /// Nobody takes the list away without a line in the audit trail.
    pub(crate) async fn export(&self, request: &Request) -> Result<Response, Problem> {
        let by = self.caller(request, Right::Export).await?;
        http::query(request, &[])?;
        let now = self.clock.now();
        let deed = Deed::new(now, &by.member, "customers_exported", &by.team);
        let cause = format!("{}#customers_exported", by.member);
        self.directory
            .keep_deed(&by.team_id(), &deed, &cause)
            .await?;
        let (mut customers, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.page(&by.team, http::LARGEST_PAGE, cursor.as_deref());
            let page = page.await?;
            customers.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || customers.len() >= MOST {
                break;
            }
        }
        let is_cut = cursor.is_some() || customers.len() > MOST;
        customers.truncate(MOST);
        let languages = http::languages(request);
        let is_chinese = prefers_chinese(languages);
        let file = table(&customers, is_cut, is_chinese, &self.market);
        // What answers on Lambda decodes text, which takes one such mark away.
        let file = format!("{BYTE_ORDER_MARK}{file}");
        tracing::info!(agency.id = %by.team, customers = customers.len(), "an agency's customers were exported");
        let mut answer = http::file("text/csv; charset=utf-8", file.into_bytes())?;
        let name = format!("attachment; filename=\"customers-{}.csv\"", now.date());
        let name = HeaderValue::from_str(&name).map_err(|_| Problem::internal())?;
        answer.headers_mut().insert(CONTENT_DISPOSITION, name);
        Ok(answer)
    }
}

fn table(customers: &[ListedCustomer], is_cut: bool, is_chinese: bool, market: &Market) -> String {
    let in_language = |chinese: &'static str, english: &'static str| {
        if is_chinese { chinese } else { english }.to_owned()
    };
    let mut file = String::from(BYTE_ORDER_MARK);
    let mut line = |cells: [String; 8]| {
        let cells = cells.each_ref().map(|cell| written(cell));
        file += &cells.join(",");
        file += "\r\n";
    };
    line([
        in_language("姓名", "Name"),
        in_language("电话", "Phone"),
        in_language("服务次数", "Visits"),
        in_language("最近服务日期", "Last visit"),
        in_language("服务项目", "Services"),
        in_language("平均评分", "Average stars"),
        in_language("评分次数", "Ratings"),
        in_language("客户编号", "Customer id"),
    ]);
    for customer in customers {
        let services = customer.services.iter().map(|service| {
            let name = market.catalogue.terms(*service).name;
            if is_chinese { name.zh } else { name.en }
        });
        let services: Vec<String> = services.collect();
        let stars = customer.stars.as_ref();
        line([
            customer.name.clone(),
            customer.masked_phone.clone(),
            customer.visits.to_string(),
            customer.last_visit_at.date().to_string(),
            services.join(if is_chinese { "、" } else { ", " }),
            stars.map_or_else(String::new, |stars| format!("{:.1}", stars.average)),
            stars.map_or_else(String::new, |stars| stars.count.to_string()),
            customer.customer_id.to_string(),
        ]);
    }
    if is_cut {
        let mut cells = <[String; 8]>::default();
        cells[0] = if is_chinese {
            format!("仅列出最近服务的 {MOST} 位客户。")
        } else {
            format!("Only the {MOST} customers visited last are listed.")
        };
        line(cells);
    }
    file
}

/// A cell in quotation marks. One that a spreadsheet would take for a formula begins with an apostrophe: a customer gives the
/// name, and it is the agency's computer that would do what it says.
fn written(cell: &str) -> String {
    let first = cell.trim_start_matches(' ').chars().next();
    let is_formula = first.is_some_and(|first| "=+-@＝＋－＠\t\r\n".contains(first));
    let apostrophe = if is_formula { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use domain::check::MobilePhone;
    use domain::id::AgencyCustomerId;
    use domain::service::Service;
    use domain::stars::StarsView;
    use domain::time::Millis;

    use super::*;

    #[test]
    fn a_cell_is_text_whatever_it_says() {
        for (cell, expected) in [
            ("王芳", r#""王芳""#),
            ("", r#""""#),
            ("a, \"b\"\r\nc", "\"a, \"\"b\"\"\r\nc\""),
            ("=HYPERLINK(\"http://x\")", r#""'=HYPERLINK(""http://x"")""#),
            ("+1", r#""'+1""#),
            ("-1", r#""'-1""#),
            ("@SUM(A1)", r#""'@SUM(A1)""#),
            (" =1", r#""' =1""#),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("＝1", r#""'＝1""#),
            ("＋1", r#""'＋1""#),
            ("－1", r#""'－1""#),
            ("＠A", r#""'＠A""#),
            ("1=1", r#""1=1""#),
        ] {
            assert_eq!(written(cell), expected);
        }
    }

    #[test]
    fn a_list_that_is_cut_says_so_in_its_language() {
        let phone: MobilePhone = "13812341234".parse().unwrap();
        let customer = ListedCustomer {
            customer_id: AgencyCustomerId::from_bytes(&[0; 16]),
            name: "王芳".to_owned(),
            masked_phone: phone.masked(),
            phone: Some(phone),
            visits: 2,
            last_visit_at: Millis(1_800_000_000_000),
            services: [Service::Cleaning, Service::Cooking].into(),
            stars: Some(StarsView {
                average: 4.5,
                count: 2,
            }),
        };
        let market = Market::default();
        let id = format!("acu_{}", "0".repeat(26));
        let chinese = table(std::slice::from_ref(&customer), true, true, &market);
        assert_eq!(
            chinese,
            format!(
                "\u{feff}\"姓名\",\"电话\",\"服务次数\",\"最近服务日期\",\"服务项目\",\"平均评分\",\"评分次数\",\"客户编号\"\r\n\
                 \"王芳\",\"138****1234\",\"2\",\"2027-01-15\",\"日常保洁、做饭\",\"4.5\",\"2\",\"{id}\"\r\n\
                 \"仅列出最近服务的 5000 位客户。\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n"
            )
        );
        let english = table(&[customer], false, false, &market);
        assert!(english.starts_with("\u{feff}\"Name\",\"Phone\","));
        assert_eq!(english.matches("\r\n").count(), 2);
        assert!(!english.contains("13812341234"));
    }
}
