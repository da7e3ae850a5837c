//! One page of a browser: opening, reading, filling in, pressing, and pictures of it.

use std::path::Path;
use std::rc::Rc;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::pipe::Pipe;

/// More than the fields and links of any page.
const MOST_TABS: usize = 300;

/// A page. Its methods fail the test when something is not there.
pub struct Page {
    pipe: Rc<Pipe>,
    context: String,
    session: String,
}

impl Page {
    pub(super) fn new(pipe: Rc<Pipe>) -> Page {
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let context = pipe.call(None, "Target.createBrowserContext", &json!({}));
        let context = text(&context, "browserContextId");
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = pipe.call(None, "Target.createTarget", &target);
        let attach = json!({ "targetId": text(&target, "targetId"), "flatten": true });
        let session = text(&pipe.call(None, "Target.attachToTarget", &attach), "sessionId");
        let page = Page { pipe, context, session };
        page.call("Page.enable", &json!({}));
        page.call("Runtime.enable", &json!({}));
        // What the policy of the page forbade is kept where a test can read it.
        let watch = "window.refused = []; document.addEventListener('securitypolicyviolation', \
                     (e) => window.refused.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile));";
        page.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": watch }));
        page
    }

    /// A command of the protocol, for what has no method here.
    pub fn call(&self, method: &str, params: &Value) -> Value {
        self.pipe.call(Some(&self.session), method, params)
    }

    /// The size of the window, in CSS pixels.
    pub fn size(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Light or dark, without motion.
    pub fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// As it would be printed.
    pub fn print_view(&self) {
        self.call("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    }

    /// Without scripts.
    pub fn without_script(&self) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// Opens an address and waits until it is loaded.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn open(&self, address: &str) {
        self.pipe.forget(&self.session);
        let answer = self.call("Page.navigate", &json!({ "url": address }));
        if let Some(error) = answer.get("errorText") {
            panic!("{address} does not open: {error}");
        }
        // An anchor of the same document loads nothing.
        if answer.get("loaderId").is_some() {
            self.pipe.event(&self.session, "Page.loadEventFired");
        }
    }

    /// Runs a script and gives its value; promises are awaited.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn run(&self, script: &str) -> Value {
        let params = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &params);
        if let Some(thrown) = answer.get("exceptionDetails") {
            panic!("{}: {thrown}", script.get(..200).unwrap_or(script));
        }
        answer.pointer("/result/value").cloned().unwrap_or_default()
    }

    /// The address.
    pub fn address(&self) -> String {
        self.run("location.href").as_str().unwrap_or_default().to_owned()
    }

    /// Whether there is such an element.
    pub fn has(&self, selector: &str) -> bool {
        self.run(&format!("document.querySelector({}) !== null", json!(selector))) == json!(true)
    }

    /// The visible text of an element.
    pub fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("{}.innerText", found(selector)));
        text.as_str().unwrap_or_default().trim().to_owned()
    }

    /// Fills in a field.
    pub fn fill(&self, selector: &str, text: &str) {
        self.run(&format!("{{ const at = {}; at.focus(); at.select?.(); }}", found(selector)));
        self.write(text);
    }

    /// Chooses a file for a field.
    pub fn attach(&self, selector: &str, file: &Path) {
        let field = json!({ "expression": found(selector) });
        let field = self.call("Runtime.evaluate", &field);
        let id = field.pointer("/result/objectId").cloned().unwrap_or_default();
        self.call("DOM.setFileInputFiles", &json!({ "files": [file], "objectId": id }));
    }

    /// Types where the page is.
    pub fn write(&self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Goes on with the Tab key until an element is reached, as who has no mouse does.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn reach(&self, selector: &str) {
        let is = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..MOST_TABS {
            if self.run(&is) == json!(true) {
                return;
            }
            self.press("Tab");
        }
        panic!("{selector} is not reached by {MOST_TABS} times Tab");
    }

    /// Presses a key: a letter, `Enter`, `Escape`, `Tab`, `ArrowDown`.
    pub fn press(&self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "ArrowDown" => 40,
            _ => 0,
        };
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if let (false, "keyDown", Some(p)) = (text.is_empty(), kind, params.as_object_mut()) {
                p.insert("text".into(), json!(text));
            }
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Presses an element that leads to another page, and waits for that.
    pub fn click(&self, selector: &str) {
        self.pipe.forget(&self.session);
        self.touch(selector);
        self.pipe.event(&self.session, "Page.loadEventFired");
    }

    /// Presses a key that leads to another page, and waits for that.
    pub fn follow(&self, key: &str) {
        self.pipe.forget(&self.session);
        self.press(key);
        self.pipe.event(&self.session, "Page.loadEventFired");
    }

    /// Presses an element that changes this page.
    pub fn touch(&self, selector: &str) {
        self.run(&format!("{}.click()", found(selector)));
    }

    /// A picture of the whole page, as PNG.
    #[expect(clippy::panic, reason = "development only: the test cannot go on")]
    pub fn picture(&self, file: &Path) {
        let params = json!({ "captureBeyondViewport": true, "optimizeForSpeed": true });
        let answer = self.call("Page.captureScreenshot", &params);
        let data = answer.get("data").and_then(Value::as_str).unwrap_or_default();
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).expect("a folder for pictures");
        }
        let bytes = BASE64_STANDARD.decode(data).expect("a picture in base64");
        std::fs::write(file, bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let context = json!({ "browserContextId": self.context });
            self.pipe.call(None, "Target.disposeBrowserContext", &context);
        }
    }
}

/// An element, or an error that names it.
fn found(selector: &str) -> String {
    let selector = json!(selector);
    format!(
        "(document.querySelector({selector}) ?? (() => {{ throw new Error('there is no ' + {selector}) }})())"
    )
}
