//! Writing XML the way the xml type does.

/// What was written so far.
#[derive(Default)]
pub(super) struct Writer {
    out: String,
    /// Whether the last thing is a start tag without its `>`.
    open: bool,
}

impl Writer {
    pub(super) fn start(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.close();
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            for character in value.chars() {
                match character {
                    '&' => self.out.push_str("&amp;"),
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    '"' => self.out.push_str("&quot;"),
                    '\t' => self.out.push_str("&#x09;"),
                    '\n' => self.out.push_str("&#x0A;"),
                    '\r' => self.out.push_str("&#x0D;"),
                    other => self.out.push(other),
                }
            }
            self.out.push('"');
        }
        self.open = true;
    }

    pub(super) fn end(&mut self, name: &str) {
        if self.open {
            self.out.push_str("/>");
            self.open = false;
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.close();
        for character in text.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\r' => self.out.push_str("&#x0D;"),
                other => self.out.push(other),
            }
        }
    }

    pub(super) fn comment(&mut self, text: &str) {
        self.close();
        self.out.push_str("<!--");
        self.out.push_str(&line_feeds(text));
        self.out.push_str("-->");
    }

    pub(super) fn instruction(&mut self, target: &str, data: &str) {
        self.close();
        self.out.push_str("<?");
        self.out.push_str(target);
        if !data.is_empty() {
            self.out.push(' ');
            self.out.push_str(&line_feeds(data));
        }
        self.out.push_str("?>");
    }

    pub(super) fn done(mut self) -> String {
        self.close();
        self.out
    }

    fn close(&mut self) {
        if self.open {
            self.out.push('>');
            self.open = false;
        }
    }
}

fn line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
