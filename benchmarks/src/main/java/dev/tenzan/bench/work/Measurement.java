package dev.tenzan.bench.work;

import dev.tenzan.bench.measure.Timing;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came of one piece of work on one device.
 *
 * @param device the device's name
 * @param facts what was done
 * @param outcome whether it could be measured
 * @param timing how long it took; null where it was not measured
 * @param peer how long another library took in turns with it; null where none was asked
 * @param ceiling the processor's ceiling in the unit of the rate; NaN where there is none for it
 * @param check how the result was compared with an independent one
 * @param bits whether the bits are those of the reference device; null on that device itself
 * @param note why it was not measured, or what else there is to say; else empty
 */
public record Measurement(
    String device,
    Workload.Facts facts,
    Outcome outcome,
    @Nullable Timing timing,
    @Nullable Peer peer,
    double ceiling,
    String check,
    @Nullable Boolean bits,
    String note) {
  /**
   * Another library that did the same work.
   *
   * @param name its name
   * @param timing how long it took
   */
  public record Peer(String name, Timing timing) {}

  /** What can come of it. */
  public enum Outcome {
    /** Right and timed. */
    MEASURED,
    /** Wrong, and so not timed. */
    WRONG,
    /** The device cannot do it. */
    UNSUPPORTED
  }

  /** A measurement that could not be made. */
  static Measurement without(String device, Workload.Facts facts, Outcome outcome, String note) {
    return new Measurement(device, facts, outcome, null, null, Double.NaN, "", null, note);
  }

  /** The median time in seconds; NaN where it was not measured. */
  public double seconds() {
    return timing == null ? Double.NaN : timing.median();
  }

  /** The rate in the metric's unit; NaN where it was not measured. */
  public double rate() {
    return timing == null ? Double.NaN : facts.rate(timing.median());
  }

  /** The other library's rate; NaN where none was asked. */
  public double peerRate() {
    return peer == null ? Double.NaN : facts.rate(peer.timing().median());
  }

  /** The rate as a multiple of the other library's; NaN where none was asked. */
  public double ratio() {
    return rate() / peerRate();
  }

  /** The rate as a share of the ceiling; NaN where there is none. */
  public double share() {
    return rate() / ceiling;
  }

  /** This measurement with the ceiling of a run that is over. */
  public Measurement withCeiling(double c) {
    return new Measurement(device, facts, outcome, timing, peer, c, check, bits, note);
  }

  /** The fields in display order, for JSON. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("device", device);
    map.put("group", facts.group());
    map.put("name", facts.name());
    map.put("size", facts.size());
    map.put("extent", facts.extent());
    map.put("outcome", outcome.name().toLowerCase(java.util.Locale.ROOT));
    if (timing != null) {
      map.put("unit", facts.metric().unit());
      map.put("rate", rate());
      map.put("seconds_median", timing.median());
      map.put("seconds_min", timing.seconds()[0]);
      map.put("spread", timing.spread());
      map.put("repetitions", timing.repetitions());
      map.put("flops", facts.flops());
      map.put("bytes", facts.bytes());
      map.put("share_of_ceiling", share());
      map.put("check", check);
    }
    if (peer != null) {
      map.put("peer", peer.name());
      map.put("peer_rate", peerRate());
      map.put("peer_spread", peer.timing().spread());
      map.put("ratio_to_peer", ratio());
    }
    if (bits != null) {
      map.put("same_bits_as_reference", bits);
    }
    if (!note.isEmpty()) {
      map.put("note", note);
    }
    return map;
  }
}
