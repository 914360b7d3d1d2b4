package dev.tenzan.cuda.plan;

import dev.tenzan.error.DeviceException;
import java.util.List;
import java.util.Locale;

/** How products and convolutions in the fast mode may be done. */
public enum FastWay {
  /** The kernels of {@code matmul_wgmma.cu}: 16-bit operands on sm_90, as fast there as the library. */
  WGMMA,
  /** NVIDIA's libraries, where they are installed: cuBLASLt for products, cuDNN for convolutions. */
  LIBRARY,
  /** The kernels of {@code matmul_mma.cu} and {@code convolution_mma.cu}, for sm_80 and later. */
  MMA;

  /** The system property that says whose kernels are used: {@code own}, {@code library} before these, or {@code auto}, the fastest first. */
  public static final String PROPERTY = "tenzan.cuda.fast";

  /** Instructions of sm_90a are those of this capability alone. */
  static final int WGMMA_CAPABILITY = 90;

  static final int MMA_CAPABILITY = 80;

  /** Whether a value of the property leaves the library out. */
  public static boolean isOwn(String property) {
    String wanted = property.strip().toLowerCase(Locale.ROOT);
    if (!List.of("own", "library", "auto").contains(wanted)) {
      throw new DeviceException("-D" + PROPERTY + ": '" + property + "' is none of own, library and auto; give one of them");
    }
    return wanted.equals("own");
  }

  /**
   * What a device has, the best first.
   *
   * @param capability ten times the compute capability
   * @param maps whether kernels can be given tensor maps
   * @param library whether NVIDIA's library for the work is there
   * @param property the value of {@link #PROPERTY}
   */
  public static List<FastWay> of(int capability, boolean maps, boolean library, String property) {
    boolean own = isOwn(property);
    boolean first = property.strip().toLowerCase(Locale.ROOT).equals("library");
    List<FastWay> order = first ? List.of(LIBRARY, WGMMA, MMA) : List.of(WGMMA, LIBRARY, MMA);
    return order.stream()
        .filter(
            way ->
                switch (way) {
                  case WGMMA -> capability == WGMMA_CAPABILITY && maps;
                  case LIBRARY -> library && !own;
                  case MMA -> capability >= MMA_CAPABILITY;
                })
        .toList();
  }
}
