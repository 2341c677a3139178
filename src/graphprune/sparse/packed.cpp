// Products of a fixed sparse matrix of small whole numbers with dense matrices, single precision.
//
// The matrix is cut into blocks of rows × tiles of columns. A tile's rows of the dense matrix fit
// the first level of the cache, and a row's sums stay in registers while it passes a tile. Nonzeros
// are stored in the very order in which they are read, 4 bytes each.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
constexpr int MOST = 8;                                        // vectors that are summed at a time
constexpr int64_t TILE = 28 * 1024 / (MOST * LANES * 4);       // columns; 32 KB of cache, some for others

typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef float Loose __attribute__((vector_size(4 * LANES), aligned(4)));  // at any address
typedef uint32_t Bits __attribute__((vector_size(4 * LANES)));

static inline Vector load(const float* at) { return *reinterpret_cast<const Loose*>(at); }
static inline void store(float* at, Vector value) { *reinterpret_cast<Loose*>(at) = value; }

#define UNROLL _Pragma("GCC unroll 8")

// The nonzeros of a row in a tile.
struct Run {
    uint32_t row, count;
};

// A nonzero: the column within its tile in the lower half, and in the upper one that of the value
// as a float, whose lower half is zero for whole numbers up to 256.
static inline uint32_t entry_of(uint8_t value, int64_t column)
{
    const float number = value;
    uint32_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits | static_cast<uint32_t>(column);
}

// sum += value · (row of the tile) of an entry.
template <int V>
static inline __attribute__((always_inline)) void add_entry(uint32_t entry, const float* tile, Vector (&sum)[V])
{
    const Vector value = reinterpret_cast<Vector>((Bits{} + entry) & 0xffff0000u);
    const float* from = tile + (entry & 0xffff) * (V * LANES);
    UNROLL for (int v = 0; v < V; v++) sum[v] += value * load(from + v * LANES);
}

// Adds to the rows of `out` (`stride` floats apart) what the runs from `run` to `end` say.
template <int V>
static void add(const Run* run, const Run* end, const uint32_t* entry, const float* tile, float* out, int64_t stride)
{
    for (; run < end; run++) {
        float* to = out + run->row * stride;
        Vector sum[V];
        UNROLL for (int v = 0; v < V; v++) sum[v] = load(to + v * LANES);
        const uint32_t* stop = entry + run->count;
        for (; entry + 2 <= stop; entry += 2) {
            uint64_t two;  // the ports that load are what limits
            std::memcpy(&two, entry, sizeof two);
            add_entry<V>(static_cast<uint32_t>(two), tile, sum);
            add_entry<V>(static_cast<uint32_t>(two >> 32), tile, sum);
        }
        if (entry < stop) add_entry<V>(*entry++, tile, sum);
        UNROLL for (int v = 0; v < V; v++) store(to + v * LANES, sum[v]);
    }
}

// The matrix: run_start and entry_start tell where the runs and entries of a block and tile begin,
// the tiles of a block one after the other.
struct Matrix {
    int64_t columns;
    const int64_t *block_start, *run_start, *entry_start;
    const Run* run;
    const uint32_t* entry;
};

// The dense matrix, (columns, width), as it lies in memory.
struct Rows {
    const float* values;
    int64_t width;

    // V vectors of row c, from column `at` on; filled up with what is in `to`.
    template <int V>
    void fill(float* to, int64_t c, int64_t at) const
    {
        std::memcpy(to, values + c * width + at, std::min<int64_t>(V * LANES, width - at) * sizeof(float));
    }
};

// The dense matrix (grad · weight) but 0 where `hidden` is: made row by row where it is
// used. grad: (columns, classes); weight: (classes, stride); hidden: (columns, stride).
struct Backward {
    const float *grad, *weight, *hidden;
    int64_t width, classes, stride;

    template <int V>
    void fill(float* to, int64_t c, int64_t at) const
    {
        Vector sum[V] = {};
        for (int64_t k = 0; k < classes; k++) {
            const Vector factor = Vector{} + grad[c * classes + k];
            UNROLL for (int v = 0; v < V; v++) sum[v] += factor * load(weight + k * stride + at + v * LANES);
        }
        UNROLL for (int v = 0; v < V; v++)
            store(to + v * LANES, load(hidden + c * stride + at + v * LANES) <= 0 ? Vector{} : sum[v]);
    }
};

// The columns of the product of one block from `at` on; `out` has room for V vectors there.
template <int V, class Dense>
static void columns(const Matrix& m, int64_t block, const Dense& dense, int64_t at, float* out, int64_t stride)
{
    alignas(64) float tile[TILE * V * LANES] = {};
    const int64_t tiles = (m.columns + TILE - 1) / TILE;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t first = t * TILE, last = std::min(first + TILE, m.columns), k = block * tiles + t;
        for (int64_t c = first; c < last; c++) dense.template fill<V>(tile + (c - first) * V * LANES, c, at);
        add<V>(m.run + m.run_start[k], m.run + m.run_start[k + 1], m.entry + m.entry_start[k], tile, out + at, stride);
    }
}

// The rows of one block of matrix · dense; out: `stride` floats a row, whole vectors.
template <class Dense>
static void product(const Matrix& m, int64_t block, const Dense& dense, float* out, int64_t stride)
{
    const int64_t first = m.block_start[block], last = m.block_start[block + 1];
    // Here, since these rows are still in the cache when they are added to.
    std::memset(out + first * stride, 0, (last - first) * stride * sizeof(float));
    for (int64_t at = 0; at < dense.width; at += MOST * LANES)
        switch (std::min<int64_t>(MOST, (dense.width - at + LANES - 1) / LANES)) {
#define GRAPHPRUNE_CASE(V) case V: columns<V>(m, block, dense, at, out, stride); break;
            GRAPHPRUNE_CASE(1) GRAPHPRUNE_CASE(2) GRAPHPRUNE_CASE(3) GRAPHPRUNE_CASE(4)
            GRAPHPRUNE_CASE(5) GRAPHPRUNE_CASE(6) GRAPHPRUNE_CASE(7) GRAPHPRUNE_CASE(8)
#undef GRAPHPRUNE_CASE
        }
}

// R rows of relu(hidden) · weight + bias; hidden: (R, width), set to its relu; weight: (width, stride).
template <int R>
static void head(float* hidden, int64_t hidden_stride, int64_t width, const float* weight, const float* bias,
                 float* out, int64_t stride)
{
    UNROLL for (int r = 0; r < R; r++)
        for (int64_t k = 0; k < hidden_stride; k += LANES) {
            float* at = hidden + r * hidden_stride + k;
            store(at, load(at) < 0 ? Vector{} : load(at));  // what is not a number stays
        }
    for (int64_t v = 0; v < stride; v += LANES) {
        Vector sum[R];
        UNROLL for (int r = 0; r < R; r++) sum[r] = load(bias + v);
        for (int64_t k = 0; k < width; k++) {
            const Vector factors = load(weight + k * stride + v);
            UNROLL for (int r = 0; r < R; r++) sum[r] += (Vector{} + hidden[r * hidden_stride + k]) * factors;
        }
        UNROLL for (int r = 0; r < R; r++) store(out + r * stride + v, sum[r]);
    }
}

extern "C" {

int graphprune_packed_lanes() { return LANES; }

int graphprune_packed_tile() { return TILE; }

// x: `rows` × `columns` values, the strides in bytes -> the arrays of a Matrix; the number of runs.
// There is room for a run a row and tile, and for one entry more than there are nonzeros.
int64_t graphprune_packed_pack(
    const uint8_t* x, int64_t columns, int64_t row_stride, int64_t column_stride, int64_t blocks,
    const int64_t* block_start, int64_t* run_start, int64_t* entry_start, Run* run, uint32_t* entry)
{
    int64_t runs = 0, entries = 0;
    std::vector<int64_t> counts, order;
    for (int64_t b = 0; b < blocks; b++)
        for (int64_t first = 0; first < columns; first += TILE) {
            *run_start++ = runs;
            *entry_start++ = entries;
            const int64_t last = std::min(first + TILE, columns), rows = block_start[b + 1] - block_start[b];
            // Rows by their number of nonzeros: the processor then guesses where the loop over them ends.
            int64_t place[TILE + 2] = {};
            counts.assign(rows, 0);
            order.resize(rows);
            for (int64_t r = 0; r < rows; r++) {
                const uint8_t* at = x + (block_start[b] + r) * row_stride;
                for (int64_t c = first; c < last; c++) counts[r] += at[c * column_stride] != 0;
                place[counts[r] + 1]++;
            }
            for (int64_t n = 1; n <= TILE; n++) place[n] += place[n - 1];
            for (int64_t r = 0; r < rows; r++) order[place[counts[r]]++] = r;
            for (const int64_t r : order) {
                if (counts[r] == 0) continue;
                const int64_t row = block_start[b] + r;
                for (int64_t c = first; c < last; c++) {
                    const uint8_t value = x[row * row_stride + c * column_stride];
                    entry[entries] = entry_of(value, c - first);  // stays only if it is not zero
                    entries += value != 0;
                }
                run[runs++] = {static_cast<uint32_t>(row), static_cast<uint32_t>(counts[r])};
            }
        }
    *run_start = runs;
    *entry_start = entries;
    return runs;
}

// out = matrix · dense. dense: (columns, width); out: `stride` floats a row, whole vectors.
void graphprune_packed_product(
    int64_t blocks, int64_t columns, const int64_t* block_start, const int64_t* run_start,
    const int64_t* entry_start, const Run* run, const uint32_t* entry, const float* dense,
    int64_t width, float* out, int64_t stride, int threads)
{
    const Matrix m{columns, block_start, run_start, entry_start, run, entry};
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t b = 0; b < blocks; b++) product(m, b, Rows{dense, width}, out, stride);
}

// hidden = relu(matrix · dense), and logits = hidden · weight + bias. weight: (width, logits_stride);
// both strides are whole vectors.
void graphprune_packed_forward(
    int64_t blocks, int64_t columns, const int64_t* block_start, const int64_t* run_start,
    const int64_t* entry_start, const Run* run, const uint32_t* entry, const float* dense,
    int64_t width, float* hidden, int64_t stride, const float* weight, const float* bias,
    float* logits, int64_t logits_stride, int threads)
{
    const Matrix m{columns, block_start, run_start, entry_start, run, entry};
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t b = 0; b < blocks; b++) {
        product(m, b, Rows{dense, width}, hidden, stride);
        int64_t r = block_start[b];
        for (; r + 4 <= block_start[b + 1]; r += 4)
            head<4>(hidden + r * stride, stride, width, weight, bias, logits + r * logits_stride, logits_stride);
        for (; r < block_start[b + 1]; r++)
            head<1>(hidden + r * stride, stride, width, weight, bias, logits + r * logits_stride, logits_stride);
    }
}

// out = matrix · (grad · weight, but 0 where hidden is). grad: (columns, classes); the others have
// `stride` floats a row, whole vectors.
void graphprune_packed_backward(
    int64_t blocks, int64_t columns, const int64_t* block_start, const int64_t* run_start,
    const int64_t* entry_start, const Run* run, const uint32_t* entry, const float* grad,
    int64_t classes, const float* weight, const float* hidden, int64_t width, float* out,
    int64_t stride, int threads)
{
    const Matrix m{columns, block_start, run_start, entry_start, run, entry};
    const Backward dense{grad, weight, hidden, width, classes, stride};
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
    for (int64_t b = 0; b < blocks; b++) product(m, b, dense, out, stride);
}
}
