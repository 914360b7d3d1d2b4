package dev.tenzan.cuda.sim;

/** A line of PTX text, as findings show it. */
record SourceLine(int number, String text) {
  @Override
  public String toString() {
    return "PTX line " + number + ": " + text.strip();
  }
}
