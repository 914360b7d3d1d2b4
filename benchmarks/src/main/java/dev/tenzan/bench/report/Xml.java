package dev.tenzan.bench.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/** A writer of XML elements, for HTML pages and SVG pictures. Text and attribute values are escaped; elements must be closed in order. */
final class Xml {
  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /** Opens an element; attributes are names and values in turn. */
  Xml open(String element, Object... attributes) {
    tag(element, attributes).append('>');
    open.push(element);
    return this;
  }

  /** Closes the innermost element. */
  Xml close() {
    out.append("</").append(open.pop()).append('>');
    return this;
  }

  /** An element with text. */
  Xml element(String element, String text, Object... attributes) {
    return open(element, attributes).text(text).close();
  }

  /** An element without contents. */
  Xml empty(String element, Object... attributes) {
    tag(element, attributes).append("/>");
    return this;
  }

  /** Text. */
  Xml text(String text) {
    out.append(escape(text));
    return this;
  }

  /** A line break in the source, for people who read it. */
  Xml line() {
    out.append('\n');
    return this;
  }

  /** Finished markup. */
  Xml raw(String markup) {
    out.append(markup);
    return this;
  }

  private StringBuilder tag(String element, Object... attributes) {
    out.append('<').append(element);
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      String text = value instanceof Double d ? coordinate(d) : value.toString();
      out.append(' ').append(attributes[i]).append("=\"").append(escape(text)).append('"');
    }
    return out;
  }

  /** A coordinate to a tenth, without a decimal that says nothing. */
  static String coordinate(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }

  @Override
  public String toString() {
    if (!open.isEmpty()) {
      throw new IllegalStateException("xml: element " + open.peek() + " is not closed");
    }
    return out.toString();
  }
}
