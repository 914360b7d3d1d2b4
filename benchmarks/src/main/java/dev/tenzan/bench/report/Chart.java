package dev.tenzan.bench.report;

import dev.tenzan.bench.output.Units;
import java.util.List;

/** A picture with axes, as an SVG element that takes its colours from the page. Shared by all plots. */
final class Chart {
  /** The width of every picture in its own units; the page scales it. */
  static final double WIDTH = 540;

  private static final String[] SHAPES = {"circle", "square", "triangle", "diamond", "ring"};

  private final Xml svg = new Xml();
  private final double left;
  private final double right;
  private final double top;
  private final double bottom;

  /** A picture of a height; the numbers are the margins around the plotted area. */
  Chart(String title, double height, double left, double top, double right, double bottom) {
    this.left = left;
    this.top = top;
    this.right = WIDTH - right;
    this.bottom = height - bottom;
    svg.open("svg", "viewBox", "0 0 " + Xml.coordinate(WIDTH) + " " + Xml.coordinate(height), "role", "img",
        "aria-label", title, "xmlns", "http://www.w3.org/2000/svg");
  }

  double left() {
    return left;
  }

  double right() {
    return right;
  }

  double top() {
    return top;
  }

  double bottom() {
    return bottom;
  }

  /** Vertical lines and numbers below. */
  Chart horizontalAxis(Scale x, String label) {
    for (double t : x.ticks()) {
      line("grid", x.at(t), top, x.at(t), bottom);
      text("tick middle", x.at(t), bottom + 16, number(t));
    }
    text("axis middle", (left + right) / 2, bottom + 34, label);
    return this;
  }

  /** Horizontal lines and numbers at the left; the label stands above the axis, so nobody turns their head. */
  Chart verticalAxis(Scale y, String label) {
    for (double t : y.ticks()) {
      line("grid", left, y.at(t), right, y.at(t));
      text("tick end", left - 7, y.at(t) + 4, number(t));
    }
    text("axis", 0, top - 12, label);
    return this;
  }

  /** A number at an axis. */
  static String number(double t) {
    double rounded = Math.rint(t * 1e6) / 1e6;
    return rounded == Math.rint(rounded) ? Units.count((long) rounded) : Double.toString(rounded);
  }

  Chart line(String style, double x1, double y1, double x2, double y2) {
    svg.empty("line", "class", style, "x1", x1, "y1", y1, "x2", x2, "y2", y2);
    return this;
  }

  Chart text(String style, double x, double y, String text) {
    svg.element("text", text, "class", style, "x", x, "y", y);
    return this;
  }

  /** A note along a sloped line, just above the point. */
  Chart sloped(double x, double y, double degrees, String text) {
    String at = Xml.coordinate(x) + " " + Xml.coordinate(y);
    String turn = "translate(" + at + ") rotate(" + Xml.coordinate(degrees) + ")";
    svg.element("text", text, "class", "note middle", "transform", turn, "y", "-7");
    return this;
  }

  /** A line through points in the colour of a series. */
  Chart path(int series, String style, List<double[]> points) {
    StringBuilder d = new StringBuilder();
    for (double[] p : points) {
      d.append(d.isEmpty() ? "M" : "L").append(Xml.coordinate(p[0])).append(' ').append(Xml.coordinate(p[1]));
    }
    svg.empty("path", "class", "line s" + series + " " + style, "d", d);
    return this;
  }

  /** A rectangle in the colour of a series, with a text that appears under the pointer. */
  Chart bar(int series, double x, double y, double width, double height, String tip) {
    svg.open("rect", "class", "fill s" + series, "x", x, "y", y, "width", Math.max(1, width), "height", height, "rx", 1.5);
    svg.element("title", tip).close();
    return this;
  }

  /** A point in the colour and the shape of a series: the shape serves those who do not tell the colours apart. */
  Chart marker(int series, double x, double y, String tip) {
    String style = "mark fill s" + series;
    String shape = SHAPES[series % SHAPES.length];
    double r = 4.5;
    switch (shape) {
      case "square" -> svg.open("rect", "class", style, "x", x - r + .5, "y", y - r + .5, "width", 2 * r - 1, "height", 2 * r - 1);
      case "triangle" -> svg.open("path", "class", style, "d", polygon(x, y - r, x + r, y + r - 1, x - r, y + r - 1));
      case "diamond" -> svg.open("path", "class", style, "d", polygon(x, y - r - 1, x + r, y, x, y + r + 1, x - r, y));
      case "ring" -> svg.open("circle", "class", "ring s" + series, "cx", x, "cy", y, "r", r - 1);
      default -> svg.open("circle", "class", style, "cx", x, "cy", y, "r", r - .5);
    }
    svg.element("title", tip).close();
    return this;
  }

  private static String polygon(double... xy) {
    StringBuilder d = new StringBuilder();
    for (int i = 0; i < xy.length; i += 2) {
      d.append(i == 0 ? "M" : "L").append(Xml.coordinate(xy[i])).append(' ').append(Xml.coordinate(xy[i + 1]));
    }
    return d.append('Z').toString();
  }

  /** The names of the series, above the plot at the right; one alone needs no key. */
  Chart legend(List<String> names) {
    if (names.size() == 1) {
      text("legend end", right, top - 12, "on " + names.getFirst());
      return this;
    }
    double x = right;
    for (int i = names.size() - 1; i >= 0; i--) {
      x -= 7.0 * names.get(i).length() + 6;
      text("legend", x, top - 12, names.get(i));
      x -= 10;
      marker(i, x, top - 16, names.get(i));
      x -= 14;
    }
    return this;
  }

  /** The finished picture; called once. */
  String render() {
    return svg.close().toString();
  }
}
