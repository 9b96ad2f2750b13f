// `link_server.cpp` with a waveform: every change of every signal goes into the .vcd file that the
// variable LASTBIT_WAVES names.

#include <cstdlib>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_vcd_c.h"

namespace {

constexpr uint64_t HALF_PERIOD_NS = 5;

class TracedTop : public Vtop {
  public:
    explicit TracedTop(VerilatedContext* context) : Vtop{traced(context)} {
        trace(&vcd_, 99);
        vcd_.open(std::getenv("LASTBIT_WAVES"));
    }

    void eval() {
        Vtop::eval();
        vcd_.dump(time_);
        time_ += HALF_PERIOD_NS;
    }

    void final() {
        Vtop::final();
        vcd_.close();
    }

  private:
    static VerilatedContext* traced(VerilatedContext* context) {
        context->traceEverOn(true);
        return context;
    }

    VerilatedVcdC vcd_;
    uint64_t time_ = 0;
};

}  // namespace

#define Vtop TracedTop
#include "link_server.cpp"
