// The accelerator's model with nothing around it: packets are played to it one by one from a file,
// and then the clock is toggled so many times and that is timed.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

void clock(Vtop& top) {
    top.clk = 0;
    top.eval();
    top.clk = 1;
    top.eval();
}

// Sends a packet and waits for the end of its reply.
void play(Vtop& top, const std::vector<uint32_t>& words) {
    for (size_t sent = 0;;) {
        top.s_axis_link_tvalid = sent < words.size();
        if (top.s_axis_link_tvalid) top.s_axis_link_tdata = words[sent];
        top.s_axis_link_tlast = sent + 1 == words.size();
        top.clk = 0;
        top.eval();
        const bool done = top.m_axis_link_tvalid && top.m_axis_link_tlast;
        sent += top.s_axis_link_tvalid && top.s_axis_link_tready;
        top.clk = 1;
        top.eval();
        if (done) return;
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    VerilatedContext context;
    Vtop top{&context};
    top.rst = 1;
    clock(top);
    clock(top);
    top.rst = 0;
    top.m_axis_link_tready = 1;

    std::FILE* file = std::fopen(arguments[1], "rb");
    if (!file) return 1;
    for (uint64_t size; std::fread(&size, sizeof size, 1, file) == 1;) {
        std::vector<uint32_t> words(size);
        if (std::fread(words.data(), sizeof(uint32_t), size, file) != size) return 1;
        play(top, words);
    }

    const auto start = std::chrono::steady_clock::now();
    for (long left = std::atol(arguments[2]); left > 0; --left) clock(top);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%.9f\n", seconds.count());
    return 0;
}
