#include "plan/report/html.h"

#include "base/text_encoding.h"
#include "base/translation.h"
#include "plan/report/style.h"

namespace brokerlab::plan::report {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    const bool control =
        length == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    // XML has no place for these two, though they are UTF-8.
    const bool no_character = text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
    if (length == 0 || control || no_character || c == '\x7f') {
      out += replacement;
    } else if (const std::string_view other = entity(c); !other.empty()) {
      out += other;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string tag(std::string_view name, const Attributes& attributes) {
  std::string text = "<" + std::string(name);
  for (const auto& [attribute, value] : attributes) {
    text += " " + std::string(attribute) + "=\"" + escaped(value) + "\"";
  }
  return text;
}

}  // namespace

Markup::Markup(std::string_view text) : text_(escaped(text)) {}

Markup Markup::verbatim(std::string_view markup) {
  Markup result;
  result.text_ = markup;
  return result;
}

Markup& Markup::operator+=(const Markup& more) {
  text_ += more.text_;
  return *this;
}

Markup element(std::string_view name, const Attributes& attributes, const Markup& content) {
  return Markup::verbatim(tag(name, attributes) + ">" + content.text() + "</" + std::string(name) +
                          ">\n");
}

Markup lone_element(std::string_view name, const Attributes& attributes) {
  return Markup::verbatim(tag(name, attributes) + "/>\n");
}

Markup table(const std::vector<Column>& columns, const std::vector<std::vector<Markup>>& rows) {
  Markup head;
  for (const Column& column : columns) {
    Attributes attributes{{"scope", "col"}};
    if (column.number) attributes.emplace_back("class", "n");
    head += element("th", attributes, column.name);
  }
  Markup body;
  for (const auto& row : rows) {
    Markup line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool number = columns[i].number;
      line += element("td", number ? Attributes{{"class", "n"}} : Attributes{}, row[i]);
    }
    body += element("tr", line);
  }
  return element("table", element("thead", element("tr", head)) + element("tbody", body));
}

Markup section(const std::string& id, const std::string& heading, const Markup& content) {
  return element("section", {{"id", id}, {"aria-labelledby", id + "-heading"}},
                 element("h2", {{"id", id + "-heading"}}, heading) + content);
}

std::string page(Language language, const std::string& title, const Markup& body) {
  const Markup head = lone_element("meta", {{"charset", "utf-8"}}) +
                      lone_element("meta", {{"name", "viewport"},
                                            {"content", "width=device-width, initial-scale=1"}}) +
                      // Whatever a name may do, nothing is run and nothing is fetched.
                      lone_element("meta", {{"http-equiv", "Content-Security-Policy"},
                                            {"content",
                                             "default-src 'none'; style-src 'unsafe-inline'; "
                                             "img-src data:"}}) +
                      // No request at all, not even for a picture in the browser's tab.
                      lone_element("link", {{"rel", "icon"}, {"href", "data:,"}}) +
                      element("title", title) + element("style", Markup::verbatim(page_style));
  return std::string(page_beginning) +
         element(
             "html",
             {{"lang", std::string(to_code(language))}, {"xmlns", "http://www.w3.org/1999/xhtml"}},
             element("head", head) + element("body", element("main", body)))
             .text();
}

}  // namespace brokerlab::plan::report
