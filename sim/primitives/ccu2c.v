// CCU2C of Lattice's ECP5 for simulation: two tables in a carry chain.
//
// Written from the description of the cell. A half adds the carry to the output of its table; where
// that is 0, it carries what the table is for C = D = 0. INJECT1 takes the carry out of the sum and
// keeps a half from making one of its own.

module CCU2C (
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);
  parameter [15:0] INIT0 = 0;
  parameter [15:0] INIT1 = 0;
  parameter INJECT1_0 = "YES";
  parameter INJECT1_1 = "YES";

  wire table0 = INIT0[{D0, C0, B0, A0}];
  wire makes0 = INIT0[{2'b00, B0, A0}];
  wire carry = table0 ? CIN : (makes0 && INJECT1_0 == "NO");
  assign S0 = table0 ^ (CIN && INJECT1_0 == "NO");

  wire table1 = INIT1[{D1, C1, B1, A1}];
  wire makes1 = INIT1[{2'b00, B1, A1}];
  assign COUT = table1 ? carry : (makes1 && INJECT1_1 == "NO");
  assign S1 = table1 ^ (carry && INJECT1_1 == "NO");
endmodule
