"""How tensors, modules and stories show themselves in a notebook: HTML, without scripts.

A notebook asks an object for `_repr_html_`; nothing here is imported before that. `repr()` stays
what it is. page.py has the elements and the style, tensors.py and modules.py what is in them.
"""

from minigrad.notebook.modules import module_html
from minigrad.notebook.page import element, page, paragraph, table
from minigrad.notebook.tensors import tensor_html

__all__ = ["element", "module_html", "page", "paragraph", "table", "tensor_html"]
