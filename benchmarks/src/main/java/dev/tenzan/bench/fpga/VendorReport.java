package dev.tenzan.bench.fpga;

import dev.tenzan.bench.output.CliException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * What a vendor's compiler says of a design. Two formats are read: Intel's {@code acl_quartus_report.txt}, written after place and
 * route, and AMD's {@code *_csynth.xml}, the estimates of high-level synthesis.
 *
 * @param file the file
 * @param format which of the formats
 * @param design the design's name where the file has one
 * @param megahertz the clock: the one that was reached (Intel), or that is estimated (AMD)
 * @param estimated whether these are estimates
 * @param resources the blocks used, by the vendor's names
 * @param available the blocks of the chip, where the file says
 * @param loops the pipelined loops and their initiation intervals; Intel's file has none
 */
public record VendorReport(
    Path file,
    String format,
    @Nullable String design,
    @Nullable Double megahertz,
    boolean estimated,
    Map<String, Long> resources,
    Map<String, Long> available,
    List<Loop> loops) {
  private static final long LARGEST = 64L << 20;

  /** A line such as {@code DSP blocks: 1,024 / 1,518 ( 67 % )}. */
  private static final Pattern INTEL_RESOURCE =
      Pattern.compile("(ALUTs|Registers|Logic utilization|DSP blocks|Memory bits|RAM blocks): *([0-9,]+)(?: */ *([0-9,]+))?.*");

  private static final Pattern INTEL_CLOCK = Pattern.compile("(Actual clock freq|Kernel fmax): *([0-9]+(?:\\.[0-9]+)?)(?: .*)?");

  /**
   * A pipelined loop.
   *
   * @param name its name
   * @param interval the cycles between two iterations
   */
  public record Loop(String name, long interval) {}

  /** Copies the collections. */
  public VendorReport {
    resources = new LinkedHashMap<>(resources);
    available = new LinkedHashMap<>(available);
    loops = List.copyOf(loops);
  }

  /**
   * Reads a report.
   *
   * @throws CliException where it is none of the known formats
   */
  public static VendorReport read(Path file) {
    String text;
    try {
      if (Files.size(file) > LARGEST) {
        throw new CliException(file + ": has more than " + LARGEST + " bytes; it is no report");
      }
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new CliException("there is no file " + file + "; check the path");
    } catch (IOException e) {
      throw new CliException(file + ": cannot be read: " + e + "; check the file");
    }
    return text.stripLeading().startsWith("<") ? amd(file, text) : intel(file, text);
  }

  private static CliException unknown(Path file, String why) {
    return new CliException(
        file + ": " + why + "; give Intel's acl_quartus_report.txt or AMD's *_csynth.xml");
  }

  private static VendorReport intel(Path file, String text) {
    Map<String, Long> used = new LinkedHashMap<>();
    Map<String, Long> available = new LinkedHashMap<>();
    Map<String, Double> clocks = new LinkedHashMap<>();
    for (String line : text.lines().map(String::strip).toList()) {
      Matcher r = INTEL_RESOURCE.matcher(line);
      Matcher c = INTEL_CLOCK.matcher(line);
      if (r.matches()) {
        used.put(r.group(1), number(file, r.group(2)));
        if (r.group(3) != null) {
          available.put(r.group(1), number(file, r.group(3)));
        }
      } else if (c.matches()) {
        clocks.put(c.group(1), Double.valueOf(c.group(2)));
      }
    }
    Double actual = clocks.get("Actual clock freq");
    Double clock = actual == null ? clocks.get("Kernel fmax") : actual;
    if (clock == null || used.isEmpty()) {
      throw unknown(file, "has no lines such as 'Kernel fmax: 240.0' and 'DSP blocks: 32 / 1,518'");
    }
    return new VendorReport(file, "acl_quartus_report", null, clock, false, used, available, List.of());
  }

  private static long number(Path file, String digits) {
    try {
      return Long.parseLong(digits.replace(",", ""));
    } catch (NumberFormatException e) {
      throw unknown(file, "'" + digits + "' is no number");
    }
  }

  private static VendorReport amd(Path file, String text) {
    Element root = parse(file, text).getDocumentElement();
    String nanoseconds = text(root, "PerformanceEstimates", "SummaryOfTimingAnalysis", "EstimatedClockPeriod");
    Element area = child(root, "AreaEstimates");
    Element used = area == null ? null : child(area, "Resources");
    if (!root.getTagName().equals("profile") || nanoseconds == null || area == null || used == null) {
      throw unknown(file, "is XML without profile/PerformanceEstimates and AreaEstimates/Resources");
    }
    double period;
    try {
      period = Double.parseDouble(nanoseconds);
    } catch (NumberFormatException e) {
      throw unknown(file, "its EstimatedClockPeriod is '" + nanoseconds + "'");
    }
    if (!(period > 0 && period < 1e6)) {
      throw unknown(file, "its EstimatedClockPeriod is '" + nanoseconds + "'");
    }
    Element all = child(area, "AvailableResources");
    List<Loop> loops = new ArrayList<>();
    Element performance = child(root, "PerformanceEstimates");
    Element summary = performance == null ? null : child(performance, "SummaryOfLoopLatency");
    if (summary != null) {
      loops(file, summary, "", loops);
    }
    return new VendorReport(
        file, "csynth", text(root, "UserAssignments", "TopModelName"), 1000 / period, true, numbers(file, used),
        all == null ? Map.of() : numbers(file, all), loops);
  }

  /** Loops nest: an inner one is an element inside its outer one. */
  private static void loops(Path file, Element in, String prefix, List<Loop> loops) {
    for (Element e : children(in)) {
      String name = text(e, "Name");
      String path = prefix + (name == null ? e.getTagName() : name);
      String interval = text(e, "PipelineII");
      if (interval != null) {
        loops.add(new Loop(path, number(file, interval)));
      }
      if (!children(e).isEmpty()) {
        loops(file, e, path + "/", loops);
      }
    }
  }

  private static Map<String, Long> numbers(Path file, Element in) {
    Map<String, Long> map = new LinkedHashMap<>();
    for (Element e : children(in)) {
      map.put(e.getTagName(), number(file, e.getTextContent().strip()));
    }
    return map;
  }

  private static Document parse(Path file, String text) {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true); // no entities: nothing is fetched or expanded
      DocumentBuilder builder = factory.newDocumentBuilder();
      builder.setErrorHandler(null);
      return builder.parse(new InputSource(new StringReader(text)));
    } catch (SAXException e) {
      throw unknown(file, "is no XML: " + e.getMessage());
    } catch (ParserConfigurationException | IOException e) {
      throw new IllegalStateException("every Java platform reads XML from memory", e);
    }
  }

  private static List<Element> children(Element e) {
    List<Element> all = new ArrayList<>();
    for (Node n = e.getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n instanceof Element child) {
        all.add(child);
      }
    }
    return all;
  }

  private static @Nullable Element child(Element e, String name) {
    return children(e).stream().filter(c -> c.getTagName().equals(name)).findFirst().orElse(null);
  }

  private static @Nullable String text(Element root, String... path) {
    Element e = root;
    for (String name : path) {
      e = child(e, name);
      if (e == null) {
        return null;
      }
    }
    return e.getTextContent().strip();
  }

  private @Nullable Long first(Map<String, Long> map, String... names) {
    for (String n : names) {
      Long v = map.get(n);
      if (v != null) {
        return v;
      }
    }
    return null;
  }

  /** The DSP blocks used, or null. */
  public @Nullable Long dsps() {
    return first(resources, "DSP blocks", "DSP", "DSP48E");
  }

  /** The memory blocks used, or null: M20K (Intel), halves of BRAM36 (AMD). */
  public @Nullable Long memories() {
    return first(resources, "RAM blocks", "BRAM_18K");
  }

  /** The greatest initiation interval of its loops, or null. */
  public @Nullable Long interval() {
    return loops.stream().map(Loop::interval).max(Long::compare).orElse(null);
  }

  /** The fields in display order, for JSON. */
  public Map<String, @Nullable Object> toMap() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("file", file.toString());
    map.put("format", format);
    map.put("design", design);
    map.put("mhz", megahertz);
    map.put("estimated", estimated);
    map.put("resources", resources);
    map.put("available", available);
    List<Map<String, Object>> list = new ArrayList<>();
    for (Loop l : loops) {
      Map<String, Object> loop = new LinkedHashMap<>();
      loop.put("name", l.name());
      loop.put("ii", l.interval());
      list.add(loop);
    }
    map.put("loops", list);
    return map;
  }
}
