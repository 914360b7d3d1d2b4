package dev.tenzan.bench.fpga;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.output.CliException;
import dev.tenzan.bench.output.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads samples that were written from the formats' documentation, with invented figures: no vendor's tool made them. */
class VendorReportTest {
  private static final String INTEL =
      """
      ALUTs: 32151
      Registers: 94,209
      Logic utilization: 71,306 / 427,200 ( 17 % )
      I/O pins: 311 / 826 ( 38 % )
      DSP blocks: 1,024 / 1,518 ( 67 % )
      Memory bits: 5,371,804 / 55,562,240 ( 10 % )
      RAM blocks: 500 / 2,713 ( 18 % )
      Actual clock freq: 240.0
      Kernel fmax: 248.32
      1x clock fmax: 248.32
      2x clock fmax: 1000.0
      Highest non-global fanout: 6084
      """;

  private static final String AMD =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <profile>
        <ReportVersion><Version>2020.1</Version></ReportVersion>
        <UserAssignments><unit>ns</unit><Part>xcu250-figd2104-2L-e</Part><TopModelName>tz_product</TopModelName></UserAssignments>
        <PerformanceEstimates>
          <SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>2.500</EstimatedClockPeriod></SummaryOfTimingAnalysis>
          <SummaryOfOverallLatency><Interval-min>undef</Interval-min></SummaryOfOverallLatency>
          <SummaryOfLoopLatency>
            <Loop1>
              <Name>Loop 1</Name><TripCount>undef</TripCount>
              <Loop1.1><Name>Loop 1.1</Name><PipelineII>1</PipelineII><PipelineDepth>40</PipelineDepth></Loop1.1>
              <Loop1.2><Name>Loop 1.2</Name><PipelineII>4</PipelineII></Loop1.2>
            </Loop1>
          </SummaryOfLoopLatency>
        </PerformanceEstimates>
        <AreaEstimates>
          <Resources><BRAM_18K>34</BRAM_18K><DSP>80</DSP><FF>51200</FF><LUT>60123</LUT><URAM>0</URAM></Resources>
          <AvailableResources><BRAM_18K>5376</BRAM_18K><DSP>12288</DSP></AvailableResources>
        </AreaEstimates>
      </profile>
      """;

  @TempDir private Path folder;

  private VendorReport read(String text) throws IOException {
    return VendorReport.read(Files.writeString(folder.resolve("report"), text));
  }

  @Test
  void intelsFileHasTheClockThatWasReached() throws IOException {
    VendorReport r = read(INTEL);
    assertEquals(240.0, r.megahertz());
    assertTrue(!r.estimated());
    assertEquals(1024, r.dsps());
    assertEquals(500, r.memories());
    assertEquals(94209, r.resources().get("Registers"));
    assertEquals(1518, r.available().get("DSP blocks"));
    assertNull(r.interval());
    assertNull(r.design());
  }

  @Test
  void amdsFileHasEstimatesAndIntervals() throws IOException {
    VendorReport r = read(AMD);
    assertEquals(400.0, r.megahertz());
    assertTrue(r.estimated());
    assertEquals("tz_product", r.design());
    assertEquals(80, r.dsps());
    assertEquals(34, r.memories());
    assertEquals(
        List.of(new VendorReport.Loop("Loop 1/Loop 1.1", 1), new VendorReport.Loop("Loop 1/Loop 1.2", 4)), r.loops());
    assertEquals(4, r.interval());
    assertTrue(Json.write(r.toMap()).contains("\"ii\": 4"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "DSP blocks: 5", "Kernel fmax: 240.0", "<profile/>", "<profile", "<!DOCTYPE x [<!ENTITY e 'x'>]><profile>&e;</profile>",
        "Kernel fmax: 240.0\nDSP blocks: 99999999999999999999"
      })
  void otherFilesAreAMistake(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("report"), text);
    CliException e = assertThrows(CliException.class, () -> VendorReport.read(file));
    assertTrue(String.valueOf(e.getMessage()).contains("acl_quartus_report.txt"), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "NaN", "fast", ""})
  void aClockPeriodIsAPositiveNumber(String period) throws IOException {
    Path file = Files.writeString(folder.resolve("report"), AMD.replace("2.500", period));
    assertThrows(CliException.class, () -> VendorReport.read(file));
  }
}
