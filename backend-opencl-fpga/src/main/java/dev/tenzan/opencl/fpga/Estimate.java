package dev.tenzan.opencl.fpga;

import dev.tenzan.opencl.program.KernelSource;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the systolic array of a program costs at least, from its shape alone. The vendor's report has the truth: this leaves out what
 * moves data between memory and the array, and everything that is no array.
 *
 * @param kernel the program's name
 * @param dtype what is multiplied
 * @param rows the rows of the array
 * @param columns its columns
 * @param interleave the results of each element
 * @param intelDsps DSP blocks of an Intel FPGA
 * @param amdDsps DSP48E2 slices of an AMD FPGA
 * @param registerBits the bits of chains, totals and passing values
 */
public record Estimate(
    String kernel, String dtype, int rows, int columns, int interleave, long intelDsps, long amdDsps, long registerBits) {
  private static final Pattern NUMBER = Pattern.compile("#define (PE_ROWS|PE_COLUMNS|INTERLEAVE) (\\d+)");
  private static final Pattern DTYPE = Pattern.compile("#define IN_T tz_t_([a-z0-9]+)");

  /** The assumptions, one a line. */
  public static final List<String> ASSUMPTIONS =
      List.of(
          "Intel: one DSP block of Arria 10, Stratix 10 or Agilex does one f32 fused multiply-add, or two products of up to 18 x 19 bits.",
          "AMD: an f32 multiplication takes 3 DSP48E2 slices and an addition 2, as high-level synthesis builds them apart; a fused one, which"
              + " the bits need, may take more. A DSP48E2 does one product of up to 27 x 18 bits.",
          "f64, i64 and i32 products are not estimated (0): they are built of several blocks, as the compiler chooses.",
          "f16 and bf16 are widened to f32 before they enter the array.",
          "The adders that sum the blocks of 256 products, the addresses, the kernels that pack and every loop kernel come on top.",
          "Chains, totals and passing values are registers; a compiler may put those of more than a few results into BRAM (M20K: 20,480"
              + " bits, BRAM36: 36,864 bits). Buffers between kernels are in the board's memory, not in BRAM.");

  /** The estimates of the programs that have an array. */
  public static List<Estimate> of(Iterable<KernelSource> sources) {
    List<Estimate> all = new ArrayList<>();
    for (KernelSource source : sources) {
      if (source.code().contains("#define SYSTOLIC 1\n")) {
        all.add(of(source));
      }
    }
    return all;
  }

  private static Estimate of(KernelSource source) {
    int rows = 0;
    int columns = 0;
    int interleave = 0;
    Matcher m = NUMBER.matcher(source.code());
    while (m.find()) {
      int n = Integer.parseInt(m.group(2));
      switch (m.group(1)) {
        case "PE_ROWS" -> rows = n;
        case "PE_COLUMNS" -> columns = n;
        default -> interleave = n;
      }
    }
    Matcher d = DTYPE.matcher(source.code());
    String dtype = d.find() ? d.group(1) : "?";
    long elements = (long) rows * columns;
    boolean wide = dtype.equals("f64") || dtype.equals("i64");
    boolean narrow = dtype.equals("i8") || dtype.equals("u8") || dtype.equals("i16");
    boolean single = dtype.equals("f32") || dtype.equals("f16") || dtype.equals("bf16");
    long accumulator = wide ? 64 : 32;
    long lane = switch (dtype) {
      case "i8", "u8" -> 8;
      case "i16" -> 16;
      default -> accumulator;
    };
    long intel = single ? elements : narrow ? (elements + 1) / 2 : 0;
    long amd = single ? 5 * elements : narrow ? elements : 0;
    long bits = elements * (2 * lane + 2 * accumulator * interleave);
    return new Estimate(source.name(), dtype, rows, columns, interleave, intel, amd, bits);
  }
}
