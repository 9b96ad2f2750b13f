// DP16KD of Lattice's ECP5 for simulation: 18,432 bits with two ports; yosys has only a black box.
//
// Written from the description of the block, for the modes that `flow.synthesis` makes use of: ports
// of any width, a register behind what is read or none, no resets, no contents to begin with. From
// 18 bits on the lowest bits of an address select the bytes that are written. A port of 36 bits has
// the data pins of both, and only writes as A, or only reads as B. Parameters that ask for something
// else do not elaborate; inputs that do make the outputs unknown.

module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5,
    input ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5,
    input ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
  parameter DATA_WIDTH_A = 18;
  parameter DATA_WIDTH_B = 18;
  parameter REGMODE_A = "NOREG";
  parameter REGMODE_B = "NOREG";
  parameter RESETMODE = "SYNC";
  parameter ASYNC_RESET_RELEASE = "SYNC";
  parameter CSDECODE_A = "0b000";
  parameter CSDECODE_B = "0b000";
  parameter WRITEMODE_A = "NORMAL";
  parameter WRITEMODE_B = "NORMAL";
  parameter CLKAMUX = "CLKA";
  parameter CLKBMUX = "CLKB";
  parameter GSR = "ENABLED";

  generate
    if ((REGMODE_A != "NOREG" && REGMODE_A != "OUTREG")
        || (REGMODE_B != "NOREG" && REGMODE_B != "OUTREG") || GSR != "DISABLED"
        || CLKAMUX != "CLKA" || CLKBMUX != "CLKB"
        || CSDECODE_A != "0b000" || CSDECODE_B != "0b000") begin : refused
      DP16KD_must_have_plain_output_registers_no_GSR_rising_clocks_and_CS_0 refused ();
    end
  endgenerate

  localparam READS_A = WRITEMODE_A == "WRITETHROUGH" ? 1 : WRITEMODE_A == "NORMAL" ? 0 : 2;
  localparam READS_B = WRITEMODE_B == "WRITETHROUGH" ? 1 : WRITEMODE_B == "NORMAL" ? 0 : 2;

  wire [17:0] dia = {
      DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
      DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0
  };
  wire [13:0] ada = {
      ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5,
      ADA4, ADA3, ADA2, ADA1, ADA0
  };
  wire [17:0] dib = {
      DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
      DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0
  };
  wire [13:0] adb = {
      ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5,
      ADB4, ADB3, ADB2, ADB1, ADB0
  };

  wire [71:0] read_a, read_b;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(DATA_WIDTH_A), .WIDTH_B(DATA_WIDTH_B),
      .READS_A(READS_A), .READS_B(READS_B)
  ) memory (
      .clk_a(CLKA), .on_a(CEA), .write_a(WEA), .address_a({2'b0, ada}), .mask_a({4'b0, ada[3:0]}),
      .data_a({36'b0, dib, dia}), .read_a(read_a),
      .clk_b(CLKB), .on_b(CEB), .write_b(WEB), .address_b({2'b0, adb}), .mask_b({4'b0, adb[3:0]}),
      .data_b({54'b0, dib}), .read_b(read_b)
  );

  wire is_modelled = !((|{RSTA, RSTB, CSA2, CSA1, CSA0, CSB2, CSB1, CSB0}) === 1'b1);
  wire [17:0] word_a = DATA_WIDTH_B == 36 ? read_b[17:0] : read_a[17:0];
  wire [17:0] word_b = DATA_WIDTH_B == 36 ? read_b[35:18] : read_b[17:0];
  reg [17:0] later_a, later_b;
  always @(posedge CLKA) if (OCEA) later_a <= word_a;
  always @(posedge CLKB) if (OCEB) later_b <= word_b;
  wire [17:0] put_a = REGMODE_A == "OUTREG" ? later_a : word_a;
  wire [17:0] put_b = REGMODE_B == "OUTREG" ? later_b : word_b;
  assign {
      DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
      DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0
  } = is_modelled ? put_a : 18'bx;
  assign {
      DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
      DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
  } = is_modelled ? put_b : 18'bx;
endmodule
