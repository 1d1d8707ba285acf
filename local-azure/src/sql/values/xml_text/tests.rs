//! What the xml type takes, and what it gives back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

fn given_back(text: &str) -> String {
    normalised(text, Source::Utf16).unwrap()
}

fn refused(text: &str) -> SqlError {
    normalised(text, Source::Utf16).unwrap_err()
}

#[test]
fn what_the_reference_says_is_lost_is_lost() {
    for (text, kept) in [
        ("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<a/>", "<a/>"),
        ("<a></a>", "<a/>"),
        ("<a b='c'  d = \"e'f\" />", "<a b=\"c\" d=\"e'f\"/>"),
        ("<a>\n  <b/>\n</a>", "<a><b/></a>"),
        ("<a><![CDATA[1 < 2 & 3]]></a>", "<a>1 &lt; 2 &amp; 3</a>"),
        ("<a>&#65;&#x42;&apos;&quot;</a>", "<a>AB'\"</a>"),
        ("\u{FEFF}<a>x\r\ny</a>", "<a>x\ny</a>"),
    ] {
        assert_eq!(given_back(text), kept, "{text}");
    }
}

#[test]
fn content_that_means_something_stays() {
    for text in [
        "",
        "text alone",
        "<a/><b/>",
        "<a> x </a>",
        "<!-- c --><?p i?><a/>",
        "<a xml:space=\"preserve\"> <b> </b></a>",
        "<n:a xmlns:n=\"urn:n\" n:b=\"1\"><n:c/></n:a>",
        "<größe 東=\"京\">🚀</größe>",
        "<a b=\"&lt;&amp;&quot;&#x0A;\"/>",
        "<a>&#x0D;</a>",
    ] {
        assert_eq!(given_back(text), text);
    }
    assert_eq!(given_back("<a>&#32;</a>"), "<a> </a>");
}

#[test]
fn malformed_documents_are_refused_with_number_and_place() {
    for (text, number, place) in [
        ("<a>", 9400, "line 1, character 4"),
        ("<a></b>", 9436, "line 1, character 8"),
        ("<a>\n</b>", 9436, "line 2, character 5"),
        ("</a>", 9436, "line 1, character 5"),
        ("<a b=\"1\" b=\"2\"/>", 9437, "line 1, character 11"),
        ("<a b/>", 9414, "line 1, character 5"),
        ("<a b=1/>", 9413, "line 1, character 6"),
        ("<a b=\"1\"c=\"2\"/>", 9410, "line 1, character 9"),
        ("<a>&nbsp;</a>", 9448, "line 1, character 10"),
        ("<a>& b</a>", 9411, "line 1, character 5"),
        ("<a>\u{1}</a>", 9420, "line 1, character 4"),
        ("<a>&#0;</a>", 9420, "line 1, character 8"),
        ("<1/>", 9455, "line 1, character 2"),
        ("<n:a/>", 9459, "line 1, character 7"),
        ("<a b=\"<\"/>", 9420, "line 1, character 7"),
        ("<!-- a -- b --><a/>", 9404, "line 1, character 10"),
        (" <?xml version=\"1.0\"?><a/>", 9438, "line 1, character 7"),
        ("<a>]]></a>", 9422, "line 1, character 4"),
    ] {
        let error = refused(text);
        assert_eq!(error.number, number, "{text}: {}", error.message);
        assert!(error.message.starts_with(&format!("XML parsing: {place}, ")), "{text}: {}", error.message);
    }
    assert_eq!(refused("<!DOCTYPE a><a/>").number, 6359);
}

#[test]
fn a_declaration_may_not_name_another_encoding() {
    let utf8 = "<?xml version='1.0' encoding='UTF-8'?><a/>";
    assert_eq!(refused(utf8).number, 9402);
    assert_eq!(normalised(utf8, Source::CodePage).unwrap(), "<a/>");
    assert_eq!(normalised(utf8, Source::Bytes).unwrap(), "<a/>");
}

#[test]
fn elements_go_128_levels_deep_and_no_deeper() {
    let nested = |levels| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(normalised(&nested(128), Source::Utf16).is_ok());
    assert_eq!(refused(&nested(129)).number, 6335);
    assert_eq!(refused(&"<a>".repeat(1_000_000)).number, 6335);
}

#[test]
fn bytes_are_read_in_the_encoding_that_they_announce() {
    let wide: Vec<u8> = "<ä/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xFF, 0xFE][..], &wide].concat();
    assert_eq!(decoded(&wide).as_deref(), Some("<ä/>"));
    assert_eq!(decoded(&marked).as_deref(), Some("<ä/>"));
    assert_eq!(decoded("<ä/>".as_bytes()).as_deref(), Some("<ä/>"));
    let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><\xE4/>";
    assert!(decoded(latin).unwrap().ends_with("<ä/>"));
    assert_eq!(decoded(b"<\xE4/>"), None, "five bytes are no UTF-16");
    for fragment in ["a", "東京", "ä<b/>", ""] {
        let wide: Vec<u8> = fragment.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(&wide).as_deref(), Some(fragment));
    }
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[ a-z<>&'\"\\]é\n]{0,6}"
            .prop_map(|text| { text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") }),
        Just("<![CDATA[<&]]>".to_owned()),
        Just("<!-- c -->".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        (proptest::collection::vec(inner, 0..4), "[a-c]", any::<bool>()).prop_map(
            |(content, name, attribute)| {
                let attribute = if attribute { " x = 'y\"&#10;'" } else { "" };
                format!("<{name}{attribute}>{}</{name} >", content.concat())
            },
        )
    })
}

proptest! {
    #[test]
    fn what_is_given_back_is_given_back_again_as_it_is(text in document()) {
        let once = normalised(&text, Source::Utf16).unwrap();
        prop_assert_eq!(normalised(&once, Source::Utf16).unwrap(), once);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[<>/a:=\"'!\\[\\]&;#x? \\-CDAT]{0,40}") {
        let _ = normalised(&text, Source::Utf16);
    }
}
