//! What S3 says in XML: why it refused, and which keys there are.

use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};

use crate::Keys;

/// The code and message of a refusal. Answers to `HEAD` have none.
pub(crate) fn refusal(body: &str) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut refusal = ErrorMetadata::builder();
    let mut document = Document::new(body);
    let mut error = document.root_element()?;
    while let Some(mut tag) = error.next_tag() {
        refusal = match tag.start_el().local() {
            "Code" => refusal.code(try_data(&mut tag)?),
            "Message" => refusal.message(try_data(&mut tag)?),
            _ => refusal,
        };
    }
    Ok(refusal.build())
}

pub(crate) fn keys(body: &str) -> Result<Keys, XmlDecodeError> {
    let mut keys = Vec::new();
    let mut more = None;
    let mut document = Document::new(body);
    let mut list = document.root_element()?;
    while let Some(mut tag) = list.next_tag() {
        match tag.start_el().local() {
            "IsTruncated" => more = Some(try_data(&mut tag)? == "true"),
            "Contents" => {
                while let Some(mut tag) = tag.next_tag() {
                    if tag.start_el().local() == "Key" {
                        keys.push(try_data(&mut tag)?.into_owned());
                    }
                }
            }
            _ => {}
        }
    }
    let more = more.ok_or(XmlDecodeError::custom("it does not say whether it is all"))?;
    Ok(Keys { keys, more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_code() {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
            <Message>a &amp; b</Message><Key>k</Key></Error>";
        let refusal = refusal(body).unwrap();
        assert_eq!(refusal.code(), Some("NoSuchKey"));
        assert_eq!(refusal.message(), Some("a & b"));
    }

    #[test]
    fn a_list_has_its_keys_and_says_whether_more_follow() {
        let list = |inside: &str| {
            keys(&format!(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>{inside}</ListBucketResult>"
            ))
        };
        let found = list(
            "<IsTruncated>true</IsTruncated><Contents><Key>a&lt;b</Key><Size>1</Size></Contents>\
            <Contents><Key>c</Key></Contents>",
        );
        let found = found.unwrap();
        assert_eq!(found.keys, ["a<b", "c"]);
        assert!(found.more);
        let found = list("<IsTruncated>false</IsTruncated>").unwrap();
        assert!(found.keys.is_empty() && !found.more);
        assert!(list("<Contents><Key>a</Key></Contents>").is_err());
    }
}
