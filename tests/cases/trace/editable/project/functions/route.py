import inside.deep
import outside.deep
